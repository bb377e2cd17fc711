"""Every read that the API and the dashboard need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, DateTimeField, F, Func, Sum, Value

from optimizer import runtime
from optimizer.conf import optimization_settings
from optimizer.domain.counts import Counts
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.series import CacheFill, Freshness, Point, Range, Window, window
from optimizer.domain.tally import Key, Step, Tally, merged
from optimizer.errors import CacheUnavailable
from optimizer.metrics import ledger
from optimizer.models import MinuteTally, SnapshotRun
from optimizer.schemas import (
    BatchStats,
    CacheStats,
    ConnectionPoolStats,
    PoolStats,
    RequestStats,
    StatsOut,
)


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


async def engine_stats() -> StatsOut:
    """Everything counted since the installation, this process's last second included."""
    engine = runtime.current()
    await engine.flush_metrics()
    totals = await ledger.read_totals(engine.valkey)
    sizes = await engine.shared.sizes()
    return stats_of(totals, sizes.active, sizes.expired, optimization_settings.cache_max_size)


def stats_of(totals: ledger.Totals, active: int, expired: int, max_size: int) -> StatsOut:
    """The endpoint's answer from what was read."""
    counts = Counts(totals.tallies)
    held = active + expired
    return StatsOut(
        cache=CacheStats(
            total_entries=held,
            active_entries=active,
            expired_entries=expired,
            utilization_percent=round(100 * held / max_size, 2),
            max_size=max_size,
        ),
        connection_pool=_connections(counts, totals.gauges),
        requests=_requests(counts),
        batch=_batches(counts),
        pool=_leases(counts),
        faults=counts.by_outcome(Step.FAULT),
        processes=len(totals.gauges),
        counted_since=_moment(totals.since),
        as_of=datetime.fromtimestamp(totals.at, UTC),
    )


def _connections(counts: Counts, gauges: Iterable[ledger.PoolGauges]) -> ConnectionPoolStats:
    total, active, idle = (sum(column) for column in zip((0, 0, 0), *gauges, strict=True))
    return ConnectionPoolStats(
        total_connections=total,
        active_connections=active,
        idle_connections=idle,
        total_requests=counts.asked,
        cache_hits=counts.hits,
        cache_misses=counts.misses,
        cache_coalesced=counts.reads(ReadOutcome.COALESCED).count,
        cache_bypassed=counts.reads(ReadOutcome.BYPASS).count,
        hit_rate_percent=round(100 * (counts.hit_rate or 0.0), 2),
        average_request_time_ms=_ms(counts.of(Step.ASKED).mean_seconds) or 0.0,
    )


def _requests(counts: Counts) -> RequestStats:
    upstream = counts.of(Step.SENT)
    return RequestStats(
        asked=counts.asked,
        sent=counts.sent,
        avoided=counts.avoided,
        by_outcome=counts.by_outcome(Step.ASKED),
        sent_by_outcome=counts.by_outcome(Step.SENT),
        received_bytes=upstream.received,
        sent_bytes=upstream.sent,
        average_cached_ms=_ms(counts.seconds_cached),
        average_uncached_ms=_ms(counts.seconds_sent),
    )


def _batches(counts: Counts) -> BatchStats:
    done = counts.of(Step.BATCHED)
    return BatchStats(batches=done.count, rows=done.rows, failed_rows=done.failed, calls=done.calls)


def _leases(counts: Counts) -> PoolStats:
    lent = counts.of(Step.LENT)
    reused = counts.of(Step.LENT, "reused").count
    return PoolStats(leases=lent.count, reused=reused, waited_ms=_ms(lent.seconds) or 0.0)


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


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
