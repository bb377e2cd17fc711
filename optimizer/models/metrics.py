"""What was counted, by minute: `optimizer.metrics.store` writes, `optimizer.selectors` reads."""

from typing import ClassVar

from django.db import models


class MinuteTally(models.Model):
    """Sums of one key in one minute; absolute values, so storing them again changes nothing."""

    minute = models.DateTimeField()
    step = models.CharField(max_length=16)
    relation = models.TextField()
    operation = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    count = models.BigIntegerField()
    nanoseconds = models.BigIntegerField()
    received = models.BigIntegerField(help_text="Bytes on the wire.")
    sent = models.BigIntegerField(help_text="Bytes on the wire.")
    rows = models.BigIntegerField()
    failed = models.BigIntegerField()
    calls = models.BigIntegerField()
    buckets = models.JSONField(help_text="Logarithmic bucket of the time → count.")

    class Meta:
        """One row a key and minute; found by minute."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["minute", "step", "relation", "operation", "outcome"],
                name="one_tally_a_key_and_minute",
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
