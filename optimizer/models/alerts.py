"""What is told about alerts: notices, the mails that carry them, and who does not want any.

Operators edit `Silence` and `Recipient`; `optimizer.alerts` alone writes the others.
"""

from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from optimizer.domain.quiet import WEEK, Quiet
from optimizer.domain.rules import Event
from optimizer.models.addresses import LONGEST, shown
from optimizer.models.rules import AlertRule


def validate_zone(name: str) -> None:
    """Refuse a time zone that does not exist."""
    if name not in available_timezones():
        raise ValidationError("Write a time zone, such as Europe/Berlin.")


class Recipient(models.Model):
    """What is particular to one address; others are told everything, in the reporting zone."""

    address = models.CharField(max_length=LONGEST, unique=True, help_text="In lower case.")
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text="Of the times in its mails; empty: the reporting zone.",
    )
    unsubscribed_at = models.DateTimeField(
        null=True, blank=True, help_text="Set: it is told nothing. Empty it to go on."
    )
    muted = models.ManyToManyField(
        AlertRule, blank=True, related_name="muted_by", help_text="Rules it is told nothing of."
    )

    def __str__(self) -> str:
        return shown(self.address)

    @property
    def zone(self) -> ZoneInfo | None:
        """Its own zone, if it has one that this machine knows."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else None
        except ZoneInfoNotFoundError:  # a mail in another zone is better than none
            return None


class Silence(models.Model):
    """For a stretch of time nothing is told about some rules; they are judged all the same."""

    class Kind(models.TextChoices):
        """Why nobody wants to hear."""

        SILENCE = "silence", "silence (it is known)"
        MAINTENANCE = "maintenance", "maintenance (it is planned)"

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.SILENCE)
    rules = models.ManyToManyField(
        AlertRule, blank=True, related_name="silences", help_text="None: all of them."
    )
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(help_text="It always ends.")
    weekly = models.BooleanField(default=False, help_text="Again each week at the same local time.")
    only_some = models.BooleanField(
        db_default=False,
        default=False,
        editable=False,
        help_text="It was made for some rules: when these are deleted it is about none, not all.",
    )
    reason = models.CharField(max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ["-ends_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="alert_silence_ends_after_its_start",
                violation_error_message="It must end after its start.",
            )
        ]

    def __str__(self) -> str:
        by = f" by {self.author.get_username()}" if self.author else ""
        return f"{self.kind}{by}: {self.reason}"

    def clean(self) -> None:
        """Refuse a weekly one that never pauses."""
        known = self.weekly and self.starts_at and self.ends_at
        if known and self.ends_at - self.starts_at >= WEEK:
            raise ValidationError({"ends_at": "A weekly one must be shorter than a week."})

    @property
    def of(self) -> frozenset[int] | None:
        """The keys of its rules; None: it is about all of them. Reads them."""
        rules = frozenset(rule.pk for rule in self.rules.all())
        return rules if rules or self.only_some else None

    def as_quiet(self) -> Quiet:
        """The stretch, and which rules it holds for; reads them."""
        return Quiet(self.pk, self.starts_at, self.ends_at, self.weekly, self.of)


class Outbox(models.Model):
    """One mail to one address; whoever claims it holds a lease until it has an outcome."""

    class Delivery(models.TextChoices):
        """What became of a mail."""

        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"

    key = models.CharField(
        max_length=600, unique=True, help_text="What it tells, and whom: the same is kept once."
    )
    rule = models.ForeignKey(
        AlertRule, null=True, on_delete=models.SET_NULL, help_text="Where it is about one alone."
    )
    recipient = models.CharField(max_length=LONGEST)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField("HTML")
    payload = models.JSONField(default=dict, help_text="What a webhook gets.")
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
            ),
            models.Index(fields=["recipient", "created_at"], name="alert_mails_of_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {shown(self.recipient)}"


class Attempt(models.Model):
    """One try to send one mail: without an outcome nobody knows whether it arrived."""

    class Outcome(models.TextChoices):
        """What came of it."""

        OPEN = "open", "under way"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown", "no answer: it may have arrived"
        LOST = "lost", "sender died: it may have arrived"

    mail = models.ForeignKey(Outbox, on_delete=models.CASCADE, related_name="log")
    number = models.PositiveIntegerField(help_text="Counts on when a dead mail is tried again.")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.OPEN)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["mail", "number", "pk"]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.get_outcome_display()}"


class Notice(models.Model):
    """One turn of one rule, to be told to one address; what is told together shares a mail."""

    class Fate(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        MAILED = "mailed"
        SUPPRESSED = "suppressed"

    key = models.CharField(max_length=600, unique=True, help_text="The turn and the address.")
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL)
    recipient = models.CharField(max_length=LONGEST)
    event = models.CharField(max_length=8, choices=[(e.value, e.value) for e in Event])
    told = models.JSONField(help_text="Headline, lines, link and data.")
    created_at = models.DateTimeField()
    fate = models.CharField(max_length=10, choices=Fate, default=Fate.WAITING)
    why = models.CharField(max_length=250, blank=True, help_text="Why it waits or is not told.")
    quieted = models.BooleanField(default=False, help_text="It has waited through a silence.")
    mail = models.ForeignKey(Outbox, null=True, on_delete=models.SET_NULL, related_name="notices")

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "alert notice"
        verbose_name_plural = "alert notices"
        indexes: ClassVar = [
            models.Index(
                fields=["recipient"], condition=Q(fate="waiting"), name="alert_notices_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} → {shown(self.recipient)}"


class Pulse(models.Model):
    """When a recurring piece of work was last done to its end."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%F %T}"
