"""What Supabase charges, which plan is paid, and how much of it is used."""

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone


class PlanName(models.TextChoices):
    """Supabase's plans that have public prices."""

    FREE = "free", "Free"
    PRO = "pro", "Pro"
    TEAM = "team", "Team"


class PriceItem(models.Model):
    """One line of the price sheet, as of a day; a new price is a new row, the newest counts."""

    item = models.CharField(max_length=40, help_text="egress, logs, edge, compute:small …")
    plan = models.CharField(max_length=8, choices=PlanName.choices)
    unit = models.CharField(max_length=20, help_text="Of the quota: byte, invocation, hour.")
    quota = models.BigIntegerField(default=0, help_text="Units that the plan includes.")
    usd = models.DecimalField("US dollars", max_digits=14, decimal_places=6)
    per = models.BigIntegerField(default=1, help_text="For so many units; a GB is 10^9 bytes.")
    started = models.BooleanField(default=False, help_text="A part costs as much as the whole.")
    as_of = models.DateField(help_text="When the source said so.")
    charged_from = models.DateField(
        null=True, blank=True, help_text="Announced, and not charged before this day."
    )
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ["item", "plan", "-as_of"]
        verbose_name = "price"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "plan", "as_of"], name="one_price_an_item_plan_and_day"
            ),
            models.CheckConstraint(condition=models.Q(per__gt=0), name="a_price_is_for_something"),
        ]

    def __str__(self) -> str:
        return f"{self.item} on {self.plan}, as of {self.as_of}"


class BillingProfile(models.Model):
    """What is paid to Supabase; there is one row."""

    plan = models.CharField(max_length=8, choices=PlanName.choices, default=PlanName.PRO)
    spend_cap = models.BooleanField(
        default=True, help_text="Supabase's default on Pro: above a quota it limits, not bills."
    )
    cycle_day = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="Day of the month on which the billing cycle begins.",
    )
    compute_size = models.CharField(max_length=20, blank=True, help_text="micro, small, medium …")
    log_line_bytes = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Bytes of one call's line in Supabase's logs. They are not published: measure "
        "them on your own usage page. Empty: the avoided ingest is not put in figures.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "billing profile"

    def __str__(self) -> str:
        return f"{self.get_plan_display()}, cycle from day {self.cycle_day}"

    def clean(self) -> None:
        """Refuse a second profile."""
        if BillingProfile.objects.exclude(pk=self.pk).exists():
            raise ValidationError("There is one billing profile: change that one.")

    @classmethod
    def current(cls) -> "BillingProfile":
        """The profile, or its defaults where none was written yet."""
        return cls.objects.order_by("pk").first() or cls()


class UsageReading(models.Model):
    """How much of an item the bill counts since the cycle began, as Supabase's usage page says."""

    item = models.CharField(max_length=40, help_text="egress, logs, edge.")
    amount = models.BigIntegerField(
        validators=[MinValueValidator(0)],
        help_text="In the item's unit (bytes), over the whole organisation.",
    )
    at = models.DateTimeField(default=timezone.now, help_text="When the page said so.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.amount:,} of {self.item} at {self.at:%F %H:%M}"


class SupabaseCalls(models.Model):
    """Supabase's own count of calls in the hour or so that begins then, of all its clients."""

    at = models.DateTimeField(primary_key=True)
    rest = models.BigIntegerField()
    auth = models.BigIntegerField()
    storage = models.BigIntegerField()
    realtime = models.BigIntegerField()
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        verbose_name_plural = "Supabase calls"

    def __str__(self) -> str:
        return f"{self.rest:,} REST calls from {self.at:%F %H:%M}"
