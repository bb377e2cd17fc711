"""Alert rules, where each stands, and the mails that go out.

Operators edit `AlertRule`; `optimizer.alerts` alone writes the other two.
"""

from datetime import timedelta
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from optimizer.domain.rules import Phase, Rule, State
from optimizer.models.policy import RELATION

PERCENT = (MinValueValidator(0), MaxValueValidator(100))
DAY = 24 * 60


def addresses_in(text: str) -> list[str]:
    """The addresses of a list with commas or lines between, each once however it is written."""
    found = (part.strip() for part in text.replace(",", "\n").splitlines())
    return list({address.lower(): address for address in found if address}.values())


def validate_addresses(text: str) -> None:
    """Refuse a list with no address, or with one that is none; names each wrong one."""
    addresses = addresses_in(text)
    if not addresses:
        raise ValidationError("Write at least one e-mail address.")
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong:
        raise ValidationError(f"Not an e-mail address: {', '.join(wrong)}")


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


class AlertRule(models.Model):
    """Mails its recipients when the hit rate of a table stays too low, and when it recovers."""

    name = models.CharField(max_length=80, unique=True)
    enabled = models.BooleanField(default=True, help_text="Off: it is neither judged nor mailed.")
    relation = models.CharField(
        "table",
        max_length=130,
        blank=True,
        validators=[RELATION],
        help_text="A table or view, with its schema (api.contacts) or without (contacts); "
        "empty: all of them together.",
    )
    fire_below = models.DecimalField(
        "fire below (%)",
        max_digits=5,
        decimal_places=2,
        validators=PERCENT,
        help_text="Hits among hits and misses, in percent.",
    )
    recover_above = models.DecimalField(
        "recover at (%)",
        max_digits=5,
        decimal_places=2,
        validators=PERCENT,
        help_text="At least the figure above; the distance keeps a rate that hovers from mailing.",
    )
    window_minutes = models.PositiveIntegerField(
        "window (minutes)",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(DAY)],
        help_text="The rate is taken over so many minutes.",
    )
    for_minutes = models.PositiveIntegerField(
        "for (minutes)",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(DAY)],
        help_text="It fires once the rate has stayed below, and recovers once it has stayed "
        "above, for so long.",
    )
    min_samples = models.PositiveIntegerField(
        "least reads",
        default=20,
        validators=[MinValueValidator(1)],
        help_text="With fewer cacheable reads in the window nothing is concluded.",
    )
    recipients = models.TextField(
        validators=[validate_addresses], help_text="E-mail addresses, with commas or lines between."
    )

    class Meta:
        ordering = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(recover_above__gte=F("fire_below")),
                name="alert_recovers_no_lower_than_it_fires",
                violation_error_message="It must recover at the figure at which it fires or above.",
            ),
            models.CheckConstraint(
                condition=Q(fire_below__gte=0, recover_above__lte=100),
                name="alert_thresholds_are_percent",
                violation_error_message="The thresholds are percent, 0 to 100.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def addresses(self) -> list[str]:
        """Who is mailed."""
        return addresses_in(self.recipients)

    def as_rule(self) -> Rule:
        """The rule as it is judged."""
        return Rule(
            relation=self.relation,
            fire_below=float(self.fire_below),
            recover_above=float(self.recover_above),
            window=timedelta(minutes=self.window_minutes),
            hold=timedelta(minutes=self.for_minutes),
            min_samples=self.min_samples,
        )


class AlertState(models.Model):
    """Where a rule stands; `version` moves with every write, so that one evaluator wins."""

    rule = models.OneToOneField(
        AlertRule, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    version = models.PositiveBigIntegerField(default=0)
    phase = models.CharField(
        max_length=12,
        choices=[(phase.value, phase.value.replace("_", " ")) for phase in Phase],
        default=Phase.NO_DATA.value,
    )
    since = models.DateTimeField()
    alarm_since = models.DateTimeField(null=True, help_text="Set while an alarm is open.")
    judged = models.DateTimeField(null=True, help_text="End of the newest minute judged.")
    last_value = models.FloatField(null=True, help_text="Percent; unknown without reads.")
    last_samples = models.PositiveBigIntegerField(default=0)
    evaluated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.get_phase_display()

    def as_state(self) -> State:
        """What the rule remembers."""
        return State(Phase(self.phase), self.since, self.alarm_since, self.judged)


class Outbox(models.Model):
    """One mail to one address; whoever claims it holds a lease until it has an outcome."""

    class Delivery(models.TextChoices):
        """What became of a mail."""

        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"

    key = models.CharField(
        max_length=400, unique=True, help_text="The turn and the address: the same is kept once."
    )
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL)
    recipient = models.EmailField(max_length=320)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField("HTML")
    state = models.CharField(max_length=8, choices=Delivery, default=Delivery.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "alert mail"
        verbose_name_plural = "alert mails"
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="pending"), name="alert_mail_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"
