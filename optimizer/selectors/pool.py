"""What the pools hold at this moment."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from optimizer.config import connect_blocking
from optimizer.errors import CacheUnavailable
from optimizer.metrics import gauges, presence


@dataclass(frozen=True, slots=True)
class PoolNow:
    """Clients of all living processes together."""

    processes: int
    total: int
    lent: int
    breakers: Mapping[str, int]  # state → processes


def pool_now() -> PoolNow | None:
    """Add the processes up; None where the ledger does not answer."""
    try:
        with connect_blocking(settings.VALKEY_URL) as client:
            found = gauges.alive(client)
            breakers = Counter(one.breaker for one in presence.present(client))
    except CacheUnavailable:
        return None
    return PoolNow(
        len(found), sum(g.total for g in found), sum(g.active for g in found), dict(breakers)
    )
