"""What the engine's endpoints answer; each field says what it counts."""

from datetime import datetime

from ninja import Field, Schema


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
    avoided: int = Field(description="asked less sent; below zero where the engine added requests.")
    by_outcome: dict[str, int] = Field(
        description="asked, by outcome: reads hit, stale, coalesced, miss, bypass, error; "
        "writes ok, refused, error, unknown."
    )
    sent_by_outcome: dict[str, int] = Field(
        description="sent, by outcome: ok, refused (4xx), error (5xx), unknown (no answer)."
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
    failed_rows: int = Field(description="Rows that were refused.")
    calls: int = Field(description="Requests that they took.")


class PoolStats(Schema):
    """Leases since `counted_since`."""

    leases: int = Field(description="Times that a connection was lent.")
    reused: int = Field(description="Times that it was already there.")
    waited_ms: float = Field(description="Time spent waiting for one, all leases together.")


class StatsOut(Schema):
    """Sums over all processes."""

    cache: CacheStats
    connection_pool: ConnectionPoolStats
    requests: RequestStats
    batch: BatchStats
    pool: PoolStats
    faults: dict[str, int] = Field(
        description="What was done without: steps of the shared cache that failed; `unfenced` "
        "writes; `report`: metrics that came late; `lost`: facts that were not counted."
    )
    processes: int = Field(description="Processes that reported in the last 15 s.")
    counted_since: datetime | None = Field(description="The first report; null before it.")
    as_of: datetime = Field(
        description="When these sums were read. A killed process loses "
        "what it counted in its last second."
    )
