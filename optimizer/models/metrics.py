"""What was counted: `optimizer.metrics.store` writes, `optimizer.selectors` reads.

Sums only, never ratios. Minutes are written from the ledger as absolute values; each coarser grain
is computed anew from the finer one, so doing anything twice changes nothing.
"""

from typing import ClassVar

from django.db import models

from optimizer.models.buckets import BucketsField


class Sums(models.Model):
    """The sums of one key in one stretch of time."""

    step = models.CharField(max_length=16)
    relation = models.TextField()
    operation = models.CharField(max_length=16)
    outcome = models.TextField()
    reason = models.CharField(max_length=16, default="", blank=True)
    tier = models.CharField(max_length=16, default="", blank=True)
    count = models.BigIntegerField()
    nanoseconds = models.BigIntegerField()
    received = models.BigIntegerField(help_text="Bytes on the wire.")
    sent = models.BigIntegerField(help_text="Bytes on the wire.")
    rows = models.BigIntegerField()
    failed = models.BigIntegerField()
    calls = models.BigIntegerField()
    buckets = BucketsField(help_text="Logarithmic bucket of the time → count.")

    class Meta:
        abstract = True


KEY: list[str] = ["step", "relation", "operation", "outcome", "reason", "tier"]


class MinuteTally(Sums):
    """One key in one minute, as one life of the ledger counted it; their sum is the minute."""

    minute = models.DateTimeField()
    ledger = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        """One row a key, minute and ledger id; found by minute."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["minute", "ledger", *KEY], name="one_tally_a_key_minute_and_ledger"
            )
        ]

    def __str__(self) -> str:
        """The key, in short."""
        return f"{self.minute:%F %H:%M} {self.step} {self.relation} {self.operation} {self.outcome}"


class SnapshotRun(models.Model):
    """A minute that is stored: without such a row nothing is known of a minute, not even "none"."""

    minute = models.DateTimeField(primary_key=True)
    ran_at = models.DateTimeField(db_index=True)
    keys = models.PositiveIntegerField(help_text="How many keys were counted; 0 is no traffic.")

    def __str__(self) -> str:
        """The minute and when it was stored."""
        return f"{self.minute:%F %H:%M}, stored {self.ran_at:%T}"


class Lifetime(Sums):
    """One key since its ledger id began; all ids together are the counters since ever."""

    ledger = models.CharField(max_length=32)

    class Meta:
        """One row a key and ledger id."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ledger", *KEY], name="one_lifetime_a_key_and_ledger")
        ]

    def __str__(self) -> str:
        """The key, in short."""
        return f"{self.ledger} {self.step} {self.relation} {self.operation} {self.outcome}"


class Grain(models.IntegerChoices):
    """Stretches of time that sums are kept for, in minutes; days may have 23 or 25 hours."""

    MINUTE = 1
    QUARTER = 15
    HOUR = 60
    DAY = 1440


class Span(models.Model):
    """A quarter, hour or day: how much of it is known, and whether its sums are up to date."""

    grain = models.SmallIntegerField(choices=Grain.choices)
    start = models.DateTimeField()
    end = models.DateTimeField()
    minutes = models.PositiveIntegerField(default=0, help_text="Minutes of which we know.")
    stale = models.BooleanField(default=True, help_text="Something finer has changed since.")
    built_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        """Found by grain and start; those to be summed again are found at once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grain", "start"], name="one_span_a_grain_and_start")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["grain", "start"], name="stale_spans", condition=models.Q(stale=True)
            )
        ]

    def __str__(self) -> str:
        """Which stretch."""
        return f"{Grain(self.grain).label} from {self.start:%F %H:%M}"


class SpanTally(Sums):
    """One key in one quarter, hour or day."""

    grain = models.SmallIntegerField(choices=Grain.choices)
    start = models.DateTimeField()

    class Meta:
        """One row a key and span; found by grain and time, or some steps of a long time."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["grain", "start", *KEY], name="one_tally_a_key_and_span"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["grain", "step", "start"], name="sums_by_step")]

    def __str__(self) -> str:
        """The key, in short."""
        return f"{self.start:%F %H:%M} {self.step} {self.relation} {self.operation} {self.outcome}"


class SpanFigures(models.Model):
    """What charts draw of one span and relation ("" is all of them): see `domain.figures`."""

    grain = models.SmallIntegerField(choices=Grain.choices)
    start = models.DateTimeField()
    relation = models.TextField()
    asked = models.BigIntegerField(default=0)
    hits = models.BigIntegerField(default=0)
    stale = models.BigIntegerField(default=0)
    coalesced = models.BigIntegerField(default=0)
    misses = models.BigIntegerField(default=0)
    bypassed = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    writes = models.BigIntegerField(default=0)
    sent = models.BigIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    uploaded = models.BigIntegerField(default=0)
    spared = models.BigIntegerField(default=0)
    added = models.BigIntegerField(default=0)
    added_bytes = models.BigIntegerField(default=0)
    faults = models.BigIntegerField(default=0)
    unsent = models.BigIntegerField(default=0, db_default=0)
    cached_ns = models.BigIntegerField(default=0)
    fetched_ns = models.BigIntegerField(default=0)
    cached = BucketsField(default=dict)
    fetched = BucketsField(default=dict)

    class Meta:
        """One row a span and relation; a chart reads neighbours."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["grain", "relation", "start"], name="one_row_a_span_and_relation"
            )
        ]

    def __str__(self) -> str:
        """Which span of which relation."""
        return f"{self.start:%F %H:%M} {self.relation or 'all'}"
