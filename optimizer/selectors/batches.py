"""What was written in batches, by table and kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from optimizer.domain.request import Wanted
from optimizer.domain.tally import NANOSECONDS, Step
from optimizer.models import BatchRun
from optimizer.selectors.tallies import within

MOST_BATCHES = 50  # that are listed
_SUMMED = ("count", "nanoseconds", "rows", "failed", "calls", "sent", "received")
_UNDONE = ("relation", "operation", "outcome", "total")


@dataclass(frozen=True, slots=True)
class BatchKind:
    """The batches of one operation on one table; `failed` rows are all that were not done."""

    relation: str
    operation: str
    batches: int = 0
    partial: int = 0  # batches in which some row was not done
    rows: int = 0
    failed: int = 0
    calls: int = 0
    seconds: float = 0.0
    sent_bytes: int = 0
    received_bytes: int = 0

    @property
    def done(self) -> int:
        """Rows that were stored, changed or deleted."""
        return self.rows - self.failed

    @property
    def avoided(self) -> int:
        """Calls that the same rows would have taken more, had each gone alone."""
        return _avoided(self.rows, self.calls)


@dataclass(frozen=True, slots=True)
class BatchDone:
    """One batch, as the process that carried it out told it."""

    at: datetime
    relation: str
    operation: str
    rows: int
    failed: int
    calls: int
    seconds: float

    @property
    def avoided(self) -> int:
        """As of all batches of a kind."""
        return _avoided(self.rows, self.calls)


@dataclass(frozen=True, slots=True)
class UndoneRows:
    """Rows of batches that were not done: of which table, by which operation, and what became."""

    relation: str
    operation: str
    status: str  # as of `optimizer.domain.chunks.RowStatus`
    rows: int


def newest_batches(wanted: Wanted) -> list[BatchDone]:
    """The newest of a range, also those that ended since its last minute was stored."""
    rows = BatchRun.objects.filter(at__gte=wanted.start).order_by("-at")[:MOST_BATCHES]
    names = ("at", "relation", "operation", "rows", "failed", "calls", "seconds")
    return [BatchDone(*row) for row in rows.values_list(*names)]


def batch_kinds(wanted: Wanted) -> list[BatchKind]:
    """The sums of a range by table and operation, those with most rows first."""
    sums = {f"sum_{name}": Sum(name) for name in _SUMMED}
    rows = within(wanted).filter(step=Step.BATCHED)
    found: dict[tuple[str, str], BatchKind] = {}
    for row in rows.values("relation", "operation", "outcome").annotate(**sums).order_by():
        key = row["relation"], row["operation"]
        found[key] = _with(found.get(key, BatchKind(*key)), row)
    return sorted(found.values(), key=lambda kind: (-kind.rows, kind.relation, kind.operation))


def undone_rows(wanted: Wanted) -> list[UndoneRows]:
    """Rows of a range that were not done, by table, operation and status, the most first."""
    rows = within(wanted).filter(step=Step.UNDONE).values("relation", "operation", "outcome")
    found = rows.annotate(total=Sum("count")).order_by("-total", "relation", "operation", "outcome")
    return [UndoneRows(*row) for row in found.values_list(*_UNDONE)]


def _with(kind: BatchKind, row: Mapping[str, Any]) -> BatchKind:
    count, nanoseconds, rows, failed, calls, sent, received = (
        int(row[f"sum_{name}"]) for name in _SUMMED
    )
    return BatchKind(
        kind.relation,
        kind.operation,
        kind.batches + count,
        kind.partial + (count if row["outcome"] == "partial" else 0),
        kind.rows + rows,
        kind.failed + failed,
        kind.calls + calls,
        kind.seconds + nanoseconds / NANOSECONDS,
        kind.sent_bytes + sent,
        kind.received_bytes + received,
    )


def _avoided(rows: int, calls: int) -> int:
    return max(0, rows - calls)
