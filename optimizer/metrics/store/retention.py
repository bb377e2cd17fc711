"""Sums are kept for as long as somebody looks at them that closely, then the coarser ones remain.

Nothing is deleted before the coarser grain has it. Deleting goes by range of time and in batches,
so that no lock is held for long.
"""

from datetime import datetime

from django.db import connection
from django.db.models import Max

from optimizer.domain.spans import COARSER, KEPT, MINUTE
from optimizer.metrics.store.rows import stale
from optimizer.models.metrics import SnapshotRun

BATCH = 10_000  # rows that one statement deletes

_TABLES = ("optimizer_spantally", "optimizer_spanfigures", "optimizer_span")
_MINUTES = {"optimizer_minutetally": "minute", "optimizer_snapshotrun": "minute"}


def expire(now: datetime) -> int:
    """Delete what is older than its grain is kept; answers how many rows went."""
    newest = SnapshotRun.objects.aggregate(newest=Max("minute"))["newest"]
    if newest is None:
        return 0
    # What a long silence left in the ledger is stored first: the clock alone ends nothing.
    at = min(now, newest)
    return sum(_expire(grain, at - kept) for grain, kept in KEPT.items())


def _expire(grain: int, before: datetime) -> int:
    waiting = stale(COARSER[grain]).values_list("start", flat=True).first()
    before = min(before, waiting) if waiting else before
    gone = 0
    if grain == MINUTE:
        gone = sum(_delete(table, f"{at} < %s", [before]) for table, at in _MINUTES.items())
    within = f"grain = {grain} AND start < %s"
    return gone + sum(_delete(table, within, [before]) for table in _TABLES)


def _delete(table: str, condition: str, values: list[datetime]) -> int:
    gone = 0
    while deleted := _delete_some(table, condition, values):
        gone += deleted
    return gone


def _delete_some(table: str, condition: str, values: list[datetime]) -> int:
    statement = f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM {table} WHERE {condition} LIMIT {BATCH}))
    """  # noqa: S608 - made of this module's own names only
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
