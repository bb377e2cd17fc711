"""Tiers of several processes over one Valkey, and the truth behind them."""

import asyncio

from optimizer.cache.served import Terms
from optimizer.domain.answer import Answer

TAGS = ("*", "r:api.contacts")
TERMS = Terms(TAGS, 300.0, 100)


class Truth:
    """What Supabase would answer now; each fetch reads it at once and answers when let through."""

    def __init__(self):
        self.value = b"old"
        self.status = 200
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def __call__(self):
        self.calls += 1
        value, status = self.value, self.status
        self.asked.set()
        await self.gate.wait()
        if isinstance(value, Exception):
            raise value
        return Answer(status, (), value)


class Lease:
    """The clock of leases; `step` moves it on whenever it is looked at."""

    def __init__(self):
        self.now = 1000.0
        self.step = 0.0

    def __call__(self):
        now, self.now = self.now, self.now + self.step
        return now


async def read(cache, truth, terms=TERMS, key="k", **more):
    """Ask, and keep what came in a readable form; `more` are other terms than the usual."""
    if more:
        terms = Terms(**{"tags": TAGS, "ttl": 300.0, "max_entries": 100, **more})
    served = await cache.read(key, terms, truth)
    return served.answer.body, served.outcome, served.tier


async def write(cache, truth, value, writer="writer"):
    """A write, from its first step to its acknowledgement."""
    await cache.shared.history.begin(writer, TAGS)
    truth.value = value
    await cache.shared.history.end(writer, TAGS)


async def follow(cache, lease, bound=1.0):
    """Hear of everything that happened."""
    await cache.shared.history.catch_up(lease, bound)
