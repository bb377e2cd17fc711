"""What can be looked at while it runs: the batches that were carried out, and the processes."""

import uuid

from django.db import models


class BatchRun(models.Model):
    """One batch, as the process that carried it out told it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    at = models.DateTimeField(db_index=True)
    relation = models.CharField("table", max_length=160)
    operation = models.CharField(max_length=10)
    rows = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    calls = models.PositiveBigIntegerField()
    seconds = models.FloatField()

    class Meta:
        ordering = ["-at"]
        verbose_name = "batch"
        verbose_name_plural = "batches"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.operation} of {self.rows:,} rows, {self.relation}, {self.at:%F %T}"


class Process(models.Model):
    """A process that has the engine open; nothing is stored here, Valkey knows them."""

    class Meta:
        managed = False
        verbose_name_plural = "processes and breakers"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"process {self.pk}"
