"""What the overview shows: a window of stored minutes, in pieces and in all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, DateTimeField, F, Func, Sum, Value

from optimizer import runtime
from optimizer.conf import optimization_settings
from optimizer.domain.counts import Counts
from optimizer.domain.series import CacheFill, Freshness, Point, Range, Window, window
from optimizer.domain.tally import Key, Tally, merged
from optimizer.errors import CacheUnavailable
from optimizer.models import MinuteTally, SnapshotRun


@dataclass(frozen=True, slots=True)
class Overview:
    """What is stored about a window."""

    window: Window
    points: list[Point]
    total: Counts
    freshness: Freshness


def freshness() -> Freshness:
    """How new the stored data is."""
    newest = SnapshotRun.objects.order_by("-minute").values_list("minute", flat=True).first()
    ran_at = SnapshotRun.objects.order_by("-ran_at").values_list("ran_at", flat=True).first()
    return Freshness(newest, ran_at)


def overview(range_: Range, now: datetime, fresh: Freshness) -> Overview:
    """The stored figures of a range, in pieces and in all."""
    cut = window(range_, now, fresh)
    counted, minutes = _tallies(cut), _covered(cut)
    points = [
        Point(at, at + range_.step, minutes.get(at, 0), Counts(counted.get(at, {})))
        for at in cut.bins()
    ]
    return Overview(cut, points, _summed(points), fresh)


def cache_fill() -> CacheFill | None:
    """How full the shared tier is; None where it does not answer."""
    try:
        sizes = runtime.cache_sizes()
    except CacheUnavailable:
        return None
    return CacheFill(sizes.active, optimization_settings.cache_max_size)


def _tallies(cut: Window) -> dict[datetime, dict[Key, Tally]]:
    """Sums of each piece, over all relations."""
    rows = (
        _within(MinuteTally.objects.all(), cut)
        .values("at", "step", "operation", "outcome")
        .annotate(n=Sum("count"), ns=Sum("nanoseconds"), got=Sum("received"), put=Sum("sent"))
        .order_by("at")
    )
    found: dict[datetime, dict[Key, Tally]] = {}
    for row in rows:
        key = Key(row["step"], "", row["operation"], row["outcome"])
        tally = Tally(int(row["n"]), int(row["ns"]), int(row["got"]), int(row["put"]))
        found.setdefault(row["at"], {})[key] = tally
    return found


def _covered(cut: Window) -> dict[datetime, int]:
    """How many minutes of each piece are known."""
    rows = _within(SnapshotRun.objects.all(), cut).values("at").annotate(n=Count("minute"))
    return {row["at"]: row["n"] for row in rows.order_by("at")}


def _within(rows: Any, cut: Window) -> Any:
    """The rows of a window, each with the start of its piece as `at`."""
    start = Value(cut.start, output_field=DateTimeField())
    at = Func(Value(cut.range.step), F("minute"), start, function="date_bin")
    at.output_field = DateTimeField()
    return rows.filter(minute__gte=cut.start, minute__lt=cut.end).annotate(at=at)


def _summed(points: Iterable[Point]) -> Counts:
    groups: dict[Key, list[Tally]] = {}
    for point in points:
        for key, tally in point.counts.tallies.items():
            groups.setdefault(key, []).append(tally)
    return Counts({key: merged(tallies) for key, tallies in groups.items()})
