"""The counters since ever, and what is held now."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from optimizer import runtime
from optimizer.conf import optimization_settings
from optimizer.domain.counts import Counts
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.tally import Key, Step, Tally
from optimizer.metrics import ledger
from optimizer.metrics.store.lifetime import everything, stored_totals
from optimizer.schemas import (
    BatchStats,
    CacheStats,
    ConnectionPoolStats,
    PoolStats,
    RequestStats,
    StatsOut,
    VanishedStats,
)


async def engine_stats() -> StatsOut:
    """Everything counted since the installation, this process's last second included."""
    engine = runtime.current()
    await engine.flush_metrics()
    totals = await ledger.read_totals(engine.valkey)
    sizes = await engine.shared.sizes()
    stored = await sync_to_async(stored_totals)()
    held = _held(sizes.active, sizes.expired, optimization_settings.cache_max_size)
    return stats_of(everything(stored, totals.by_ledger), totals, held)


def _held(active: int, expired: int, max_size: int) -> CacheStats:
    return CacheStats(
        total_entries=active + expired,
        active_entries=active,
        expired_entries=expired,
        utilization_percent=round(100 * (active + expired) / max_size, 2),
        max_size=max_size,
    )


def stats_of(tallies: Mapping[Key, Tally], totals: ledger.Totals, held: CacheStats) -> StatsOut:
    """The endpoint's answer from what was read."""
    counts = Counts(tallies)
    return StatsOut(
        cache=held,
        connection_pool=_connections(counts, totals.gauges),
        requests=_requests(counts),
        batch=_batches(counts),
        pool=_leases(counts),
        faults=counts.by_outcome(Step.FAULT),
        vanished=_vanished(counts),
        miss_reasons=counts.by_reason(),
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
        unsent=counts.unsent,
        by_outcome=counts.by_outcome(Step.ASKED),
        sent_by_outcome=counts.by_outcome(Step.SENT),
        unsent_by_reason=counts.by_outcome(Step.UNSENT),
        received_bytes=upstream.received,
        sent_bytes=upstream.sent,
        average_cached_ms=_ms(counts.seconds_cached),
        average_uncached_ms=_ms(counts.seconds_sent),
    )


def _batches(counts: Counts) -> BatchStats:
    done = counts.of(Step.BATCHED)
    return BatchStats(
        batches=done.count,
        rows=done.rows,
        failed_rows=done.failed,
        undone_rows=counts.by_outcome(Step.UNDONE),
        calls=done.calls,
        sent_bytes=done.sent,
        received_bytes=done.received,
    )


def _leases(counts: Counts) -> PoolStats:
    lent = counts.of(Step.LENT)
    reused = counts.of(Step.LENT, "reused").count
    return PoolStats(
        leases=lent.count,
        reused=reused,
        waited_ms=_ms(lent.seconds) or 0.0,
        waited_p50_ms=_ms(lent.quantile(0.5)),
        waited_p95_ms=_ms(lent.quantile(0.95)),
    )


def _vanished(counts: Counts) -> VanishedStats:
    gone = counts.of(Step.FAULT, "vanished")
    return VanishedStats(processes=gone.count, facts_at_most=gone.rows)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
