"""What the pools of all living processes hold, without the counters since ever."""

from typing import Any

import redis

from optimizer.metrics.codec import text
from optimizer.metrics.ledger import PREFIX, PoolGauges, unavailable


def alive(client: redis.Redis) -> list[PoolGauges]:
    """The gauges of each process that reported lately; raises CacheUnavailable."""
    with unavailable():
        clock: Any = client.time()
        found: Any = client.hvals(PREFIX + "gauges")
    entries = [[int(number) for number in text(one).split(",")] for one in found]
    return [PoolGauges(*held) for expires, _, *held in entries if expires >= clock[0]]
