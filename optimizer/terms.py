"""Under which terms a read may be kept: what the settings say, as the cache wants to hear it."""

from optimizer.cache.served import Terms
from optimizer.domain.grain.reading import Held
from optimizer.domain.ttl import Policies, TablePolicy


def terms_for(
    policies: Policies,
    policy: TablePolicy,
    tags: tuple[str, ...],
    ttl: float,
    held: Held | None = None,
) -> Terms:
    """The terms of a read of one table, with these tags and this TTL in seconds.

    `held` says which further tags its answer may hold.
    """
    return Terms(
        tags=tags,
        ttl=ttl,
        max_entries=policies.cache_max_size,
        strict=policy.strict,
        stale_if_error=policy.stale_if_error,
        stale_while_revalidate=policy.stale_while_revalidate,
        negative_ttl=policy.negative_ttl,
        refresh_ahead=policies.cache_refresh_ahead,
        short=held.short if held else (),
        rows=held.rows if held else 0,
        asked=held.asked if held else None,
    )
