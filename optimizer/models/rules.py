"""Alert rules, and where each stands. Operators edit the one, `optimizer.alerts` the other."""

from datetime import timedelta
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from optimizer.domain.measures import MEASURES, Direction, Metric
from optimizer.domain.rules import Phase, Rule, State
from optimizer.models.addresses import addresses_in, validate_addresses
from optimizer.models.policy import RELATION

DAY = 24 * 60
PHASES = [(phase.value, phase.value.replace("_", " ")) for phase in Phase]
MINUTES = (MinValueValidator(1), MaxValueValidator(DAY))


class Severity(models.TextChoices):
    """How much a rule matters; it stands in the subject."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertRule(models.Model):
    """Tells its recipients when a figure stays beyond a threshold, and when it is back."""

    name = models.CharField(max_length=80, unique=True)
    enabled = models.BooleanField(
        default=True,
        help_text="Off: it is not judged; an alarm that is open is closed, and that is told.",
    )
    metric = models.CharField(
        max_length=16,
        choices=[(m.value, f"{MEASURES[m].label} ({MEASURES[m].unit})") for m in Metric],
        default=Metric.HIT_RATE.value,
    )
    relation = models.CharField(
        "table",
        max_length=130,
        blank=True,
        validators=[RELATION],
        help_text="A table or view, with its schema (api.contacts) or without (contacts); "
        "empty: all of them together.",
    )
    direction = models.CharField(
        "fire",
        max_length=5,
        choices=[(d.value, d.value) for d in Direction],
        default=Direction.BELOW.value,
        help_text="On which side of the threshold the trouble is.",
    )
    fire_at = models.DecimalField(
        "fire at", max_digits=12, decimal_places=2, help_text="In the metric's unit."
    )
    recover_at = models.DecimalField(
        "recover at",
        max_digits=12,
        decimal_places=2,
        help_text="On the good side of the figure above; the distance keeps a figure that hovers "
        "from mailing.",
    )
    window_minutes = models.PositiveIntegerField(
        "window (minutes)",
        default=10,
        validators=MINUTES,
        help_text="The figure is taken over so many minutes.",
    )
    for_minutes = models.PositiveIntegerField(
        "for (minutes)",
        default=5,
        validators=MINUTES,
        help_text="It fires once the figure has stayed beyond the threshold for so long.",
    )
    keep_firing_minutes = models.PositiveIntegerField(
        "keep firing (minutes)",
        null=True,
        blank=True,
        validators=MINUTES,
        help_text="It recovers once the figure has stayed good for so long; empty: as long as "
        "it took to fire.",
    )
    min_samples = models.PositiveIntegerField(
        "least samples",
        default=20,
        validators=[MinValueValidator(1)],
        help_text="With fewer requests in the window nothing is concluded.",
    )
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.WARNING)
    reminder_minutes = models.PositiveIntegerField(
        "remind every (minutes)",
        default=DAY,
        validators=[MaxValueValidator(7 * DAY)],
        help_text="While an alarm stays open; 1440 is a day, 0: never.",
    )
    recipients = models.TextField(
        validators=[validate_addresses],
        help_text="E-mail addresses, and addresses of webhooks (https://…), with commas or lines "
        "between.",
    )

    class Meta:
        ordering = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(direction="below", recover_at__gte=F("fire_at"))
                | Q(direction="above", recover_at__lte=F("fire_at")),
                name="alert_recovers_on_the_good_side",
                violation_error_message="It must recover at the figure at which it fires, or on "
                "the good side of it.",
            ),
            models.CheckConstraint(
                condition=~Q(metric__in=[m.value for m in Metric if MEASURES[m].percent])
                | Q(fire_at__range=(0, 100), recover_at__range=(0, 100)),
                name="alert_shares_are_percent",
                violation_error_message="The thresholds of a share are percent, 0 to 100.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a table where the metric has none."""
        if self.relation and not MEASURES[Metric(self.metric)].by_relation:
            raise ValidationError({"relation": "This metric is not counted by table."})

    @property
    def addresses(self) -> list[str]:
        """Who is told."""
        return addresses_in(self.recipients)

    def as_rule(self) -> Rule:
        """The rule as it is judged."""
        calm = self.keep_firing_minutes
        return Rule(
            relation=self.relation,
            fire_at=float(self.fire_at),
            recover_at=float(self.recover_at),
            window=timedelta(minutes=self.window_minutes),
            hold=timedelta(minutes=self.for_minutes),
            min_samples=self.min_samples,
            metric=Metric(self.metric),
            direction=Direction(self.direction),
            keep_firing=None if calm is None else timedelta(minutes=calm),
            remind=timedelta(minutes=self.reminder_minutes),
        )


class AlertTransition(models.Model):
    """A rule came to stand somewhere else: the history that `AlertState` does not keep."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField(db_index=True)
    phase = models.CharField(max_length=12, choices=PHASES)

    class Meta:
        ordering = ["-at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.rule}: {self.get_phase_display()} from {self.at:%F %H:%M}"


class AlertState(models.Model):
    """Where a rule stands; `version` moves with every write, so that one evaluator wins."""

    rule = models.OneToOneField(
        AlertRule, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    version = models.PositiveBigIntegerField(default=0)
    phase = models.CharField(
        max_length=12,
        choices=PHASES,
        default=Phase.NO_DATA.value,
    )
    since = models.DateTimeField()
    alarm_since = models.DateTimeField(null=True, help_text="Set while an alarm is open.")
    judged = models.DateTimeField(null=True, help_text="End of the newest minute judged.")
    told = models.DateTimeField(null=True, help_text="When the open alarm was last spoken of.")
    watched = models.CharField(max_length=200, default="", blank=True)
    terms = models.CharField(max_length=300, default="", blank=True)
    last_value = models.FloatField(null=True, help_text="Unknown without samples.")
    last_samples = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True, default="", help_text="Why no figure could be read.")
    evaluated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.get_phase_display()

    def as_state(self) -> State:
        """What the rule remembers."""
        return State(
            Phase(self.phase), self.since, self.alarm_since, self.judged, self.told,
            self.watched, self.terms,
        )  # fmt: skip
