"""What the engine's endpoints answer; each field says what it counts."""

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

REFUSALS = frozenset({400, 401, 403, 404, 405, 406, 408, 409, 413, 414, 416, 422, 429, 431})
FAULTS = frozenset({502, 503, 504})


class Problem(Schema):
    """Every error."""

    detail: str | list[dict[str, Any]] = Field(description="What is wrong; of a body, where.")
    code: str = Field(description="The same for programs; PostgreSQL's own where it refused.")
    hint: str | None = None


def told(shape: Any, status: int = 200) -> Any:
    """The answers of an endpoint, for its description: that one, or a problem."""
    return {status: shape, REFUSALS: Problem, FAULTS: Problem}


class CacheStats(Schema):
    """The shared cache tier, now."""

    total_entries: int = Field(description="Entries held, expired ones included.")
    active_entries: int = Field(description="Entries that may still be served.")
    expired_entries: int = Field(description="Entries whose time is over, not yet cleaned up.")
    utilization_percent: float = Field(description="total_entries as a share of max_size.")
    max_size: int = Field(description="Entries that the cache holds at most.")


class ConnectionPoolStats(Schema):
    """The pools of all living processes now, and all requests since `counted_since`."""

    total_connections: int = Field(description="Connections open now, over all processes.")
    active_connections: int = Field(description="Of these, lent.")
    idle_connections: int = Field(description="Of these, waiting.")
    total_requests: int = Field(description="Reads and writes that callers asked of the engine.")
    cache_hits: int = Field(description="Reads answered from the cache, stale ones included.")
    cache_misses: int = Field(
        description="Reads that could have been in the cache and were fetched."
    )
    cache_coalesced: int = Field(description="Reads answered by another caller's fetch.")
    cache_bypassed: int = Field(description="Reads sent on that could not be cached.")
    hit_rate_percent: float = Field(description="Hits among hits and misses; 0 if neither.")
    average_request_time_ms: float = Field(
        description="Average time that a caller waited, over total_requests."
    )


class RequestStats(Schema):
    """What callers asked and what Supabase saw, since `counted_since`."""

    asked: int = Field(description="Reads and writes asked of the engine.")
    sent: int = Field(description="HTTP requests that left for Supabase.")
    unsent: int = Field(description="Requests that were to go out and of which nothing left.")
    avoided: int = Field(
        description="asked less sent and unsent; below zero where the engine added requests."
    )
    by_outcome: dict[str, int] = Field(
        description="asked, by outcome: reads hit, stale, coalesced, miss, bypass, error; "
        "writes ok, refused, error, unknown."
    )
    sent_by_outcome: dict[str, int] = Field(
        description="sent, by outcome: ok, refused (4xx), error (5xx), unknown (no answer); and "
        "repeated: attempts that failed and were followed by another."
    )
    unsent_by_reason: dict[str, int] = Field(
        description="unsent, by reason: refused here (circuit open, line full, waited too long, "
        "deadline passed), or unreachable."
    )
    received_bytes: int = Field(description="Bytes on the wire from Supabase.")
    sent_bytes: int = Field(description="Bytes on the wire to Supabase.")
    average_cached_ms: float | None = Field(description="Average wait for a hit; null if none.")
    average_uncached_ms: float | None = Field(
        description="Average wait for a miss or a bypass; null if none."
    )


class BatchStats(Schema):
    """Batches since `counted_since`."""

    batches: int = Field(description="Batches carried out.")
    rows: int = Field(description="Rows in them.")
    failed_rows: int = Field(description="Rows that were not done, for whatever reason.")
    undone_rows: dict[str, int] = Field(
        description="failed_rows, by status: failed (refused), skipped, unknown, not_attempted; "
        "rows of batches of before these were told apart are in none."
    )
    calls: int = Field(description="Requests that they took.")
    sent_bytes: int = Field(description="Bytes of the requests' bodies.")
    received_bytes: int = Field(description="Bytes of the answers' bodies.")


class PoolStats(Schema):
    """Leases since `counted_since`."""

    leases: int = Field(description="Times that a connection was lent.")
    reused: int = Field(description="Times that it was already there.")
    waited_ms: float = Field(description="Time spent waiting for one, all leases together.")
    waited_p50_ms: float | None = Field(description="Half waited no longer; null if none.")
    waited_p95_ms: float | None = Field(description="Of twenty, nineteen waited no longer.")


class VanishedStats(Schema):
    """Processes that ended without handing over what they had counted last."""

    processes: int = Field(description="How many stopped reporting without a goodbye.")
    facts_at_most: int = Field(
        description="An estimate of what they did not report: as much as in their last interval."
    )


class StatsOut(Schema):
    """Sums over all processes."""

    cache: CacheStats
    connection_pool: ConnectionPoolStats
    requests: RequestStats
    batch: BatchStats
    pool: PoolStats
    faults: dict[str, int] = Field(
        description="What was done without: steps of the shared cache that failed; `unfenced` "
        "writes; `report`: metrics that came late; `lost`: facts that were not counted; "
        "`vanished`: processes that ended without a goodbye."
    )
    vanished: VanishedStats
    miss_reasons: dict[str, int] = Field(
        description="Reads that the cache did not answer (coalesced and failed ones too), by "
        "reason: cold, expired, invalidated, evicted (it made room before its time), bypassed."
    )
    processes: int = Field(description="Processes that reported in the last 15 s.")
    counted_since: datetime | None = Field(description="The first report; null before it.")
    as_of: datetime = Field(
        description="When these sums were read. A killed process loses "
        "what it counted in its last second."
    )


class SeriesAsked(Schema):
    """Which series: a named range up to now, or `from` and `to` with their zone."""

    range: str = Field("24h", description="1h, 6h, 24h, 7d, 30d, 90d or 1y, up to now.")
    start: datetime | None = Field(None, alias="from", description="Instead of a range: begin.")
    end: datetime | None = Field(None, alias="to", description="And end, not included.")
    step: str | None = Field(
        None, description="1m, 5m, 15m, 30m, 1h, 3h, 6h or 1d; one that fits when left out."
    )
    relation: str = Field("", description="One relation (api.contacts); empty: all together.")
    compare: Literal["", "previous"] = Field(
        "", description="previous: also as many steps just before."
    )


class SeriesOut(Schema):
    """Sums in points, in columns; at most 1,500 points, and never fewer than were asked."""

    start: datetime = Field(description="Begin of the first point.")
    end: datetime = Field(description="End of the last point.")
    step_minutes: int = Field(description="A day is 1440, though it may have 23 or 25 hours.")
    zone: str = Field(description="The zone in which hours and days are cut.")
    relation: str = Field(description="Empty: all.")
    data_until: datetime | None = Field(description="End of the newest stored minute.")
    columns: dict[str, list[Any]] = Field(
        description="start (in the zone), minutes (how many of the point are known), asked, hits, "
        "coalesced, misses, bypassed, errors, writes, sent (added included), added (calls that "
        "the engine made for itself), unsent (requests of which nothing left), avoided (asked "
        "less sent and unsent), received_bytes, avoided_bytes, "
        "faults, hit_rate, and in ms the means and 95th percentiles of hits and of fetches. Null: "
        "nothing is known."
    )
    totals: dict[str, int | float | None] = Field(description="The same columns over all points.")
    previous: dict[str, list[Any]] | None = Field(description="The columns of the steps before.")


class ShapesAsked(Schema):
    """Of which days."""

    days: int = Field(1, ge=1, le=7, description="So many, today included, in UTC.")


class ShapeOut(Schema):
    """One kind of question: names and operators, no values."""

    relation: str
    shape: str
    count: int = Field(description="Reads.")
    misses: int = Field(description="Of these, answered by Supabase.")
    seconds: float = Field(description="All the time that callers waited.")
    received: int = Field(description="Bytes of the answers.")
    at_most_missed: int = Field(
        description="Reads that may lack in count, from before the shape came into the list."
    )
    reasons: dict[str, int] = Field(description="Why the cache did not answer, how often.")


class SampleOut(Schema):
    """One read that was slow, or that the cache did not answer."""

    kind: str = Field(description="slow or miss.")
    at: int = Field(description="Seconds since the epoch.")
    relation: str
    shape: str
    outcome: str
    reason: str
    seconds: float
    received: int


class ShapesOut(Schema):
    """The shapes that are asked most, and samples."""

    top: list[ShapeOut]
    samples: list[SampleOut]
