"""The points of a range by step, outcome and reason: what the series' own columns do not tell."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, Sum

from optimizer.domain.counts import Counts
from optimizer.domain.request import Wanted
from optimizer.domain.spans import MINUTE, Stretch
from optimizer.domain.tally import COUNTERS, Key, Step, Tally
from optimizer.models import MinuteTally, SpanTally
from optimizer.selectors.series import known


@dataclass(frozen=True, slots=True)
class Tallied:
    """One point: a piece of time, of how many of its minutes something is known, and the sums."""

    stretch: Stretch
    minutes: int
    counts: Counts


def tallies(
    wanted: Wanted, *steps: Step, relation: str = "", buckets: bool = False
) -> list[Tallied]:
    """The points of a range, of one relation or of all together; without tiers.

    With `buckets` the times' histograms come too; ask for them where keys are few (leases).
    """
    return _placed(wanted, _rows(wanted, steps, relation, buckets=buckets))


def durations(wanted: Wanted, step: Step) -> list[Tallied]:
    """How long one step took in each point, all its keys together: one tally with its histogram.

    The histograms are joined by the database: one text a point, however many keys there are.
    """
    rows = within(wanted).filter(step=step).values("at")
    joined = rows.annotate(
        joined=StringAgg("buckets", ","), number=Sum("count"), time=Sum("nanoseconds")
    )
    return _placed(wanted, (_joined(step, row) for row in joined.order_by()))


def _joined(step: Step, row: dict[str, Any]) -> tuple[datetime, Key, Tally]:
    tally = Tally(int(row["number"]), int(row["time"]))
    numbers = [int(part) for part in row["joined"].replace(":", ",").split(",") if part]
    for bucket, count in zip(numbers[::2], numbers[1::2], strict=True):
        tally.buckets[bucket] = tally.buckets.get(bucket, 0) + count
    return row["at"], Key(step, "", "", ""), tally


def _placed(wanted: Wanted, rows: Iterable[tuple[datetime, Key, Tally]]) -> list[Tallied]:
    pieces = wanted.stretches()
    starts = [piece.start for piece in pieces]
    minutes = [0] * len(pieces)
    found: list[dict[Key, Tally]] = [{} for _ in pieces]
    for at, number in known(wanted):
        minutes[bisect_right(starts, at) - 1] += number
    for at, key, tally in rows:
        point = found[bisect_right(starts, at) - 1]
        held = point.get(key)
        point[key] = tally if held is None else held.merge(tally)
    points = zip(pieces, minutes, found, strict=True)
    return [Tallied(piece, number, Counts(counted)) for piece, number, counted in points]


def _rows(
    wanted: Wanted, steps: Iterable[Step], relation: str, *, buckets: bool
) -> Iterable[tuple[datetime, Key, Tally]]:
    rows = within(wanted).filter(step__in=steps)
    if relation:
        rows = rows.filter(relation=relation)
    if buckets:
        return _whole(rows)
    return _added(rows)


def within(wanted: Wanted) -> Any:
    """The rows of a range, each with when it begins as `at`."""
    if wanted.grain == MINUTE:
        minutes = MinuteTally.objects.filter(minute__gte=wanted.start, minute__lt=wanted.end)
        return minutes.annotate(at=F("minute"))
    rows = SpanTally.objects.filter(start__gte=wanted.start, start__lt=wanted.end)
    return rows.filter(grain=wanted.grain).annotate(at=F("start"))


def _whole(rows: Any) -> Iterable[tuple[datetime, Key, Tally]]:
    for at, step, operation, outcome, reason, held, *numbers in rows.values_list(
        "at", "step", "operation", "outcome", "reason", "buckets", *COUNTERS
    ):
        tally = Tally(*numbers)
        tally.buckets = held
        yield at, Key(step, "", operation, outcome, reason), tally


def _added(rows: Any) -> Iterable[tuple[datetime, Key, Tally]]:
    """The relations added up by the database."""
    names = ("at", "step", "operation", "outcome", "reason")
    sums = {f"sum_{name}": Sum(name) for name in COUNTERS}
    for row in rows.values(*names).annotate(**sums).order_by():
        key = Key(row["step"], "", row["operation"], row["outcome"], row["reason"])
        numbers: dict[str, Any] = {name: int(row[f"sum_{name}"]) for name in COUNTERS}
        yield row["at"], key, Tally(**numbers)
