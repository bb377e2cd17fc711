"""The three ways of caching, each behind the same few words."""

import asyncio
import math
from dataclasses import dataclass

import pytest

from optimizer.cache.served import Terms
from optimizer.cache.tiered import TieredCache
from optimizer.domain.facts import Tier
from tests.optimizer.tiers import TAGS, TERMS, Lease, Truth

BOUNDS = {"memory": math.inf, "valkey": 0.0, "tiered": 1.0}  # s for which L1 is served unasked


@dataclass
class Backend:
    """One process's cache and another process beside it."""

    name: str
    cache: TieredCache
    other: TieredCache
    truth: Truth
    lease: Lease

    @property
    def tier(self) -> Tier:
        """Which tier answers a hit."""
        return Tier.L2 if self.name == "valkey" else Tier.L1

    async def hear(self) -> None:
        """Learn what happened elsewhere."""
        await self.cache.shared.history.catch_up(self.lease, BOUNDS[self.name])

    async def read(self, key="k", **terms):
        """Ask; the body and how it was come by."""
        served = await self.served(key, **terms)
        return served.answer.body, served.outcome

    async def served(self, key="k", **terms):
        """Ask; the whole answer. `terms` are other ones than the usual."""
        usual = {"tags": TAGS, "ttl": 300.0, "max_entries": 100}
        return await self.cache.read(key, Terms(**{**usual, **terms}), self.truth)

    async def begin(self):
        """A read whose fetch is under way and has seen what is true now."""
        self.truth.gate.clear()
        self.truth.asked.clear()
        task = asyncio.create_task(self.cache.read("k", TERMS, self.truth))
        await self.truth.asked.wait()
        return task


@pytest.fixture(params=sorted(BOUNDS))
async def backend(request, tiers, truth):
    """A cache that follows, in each of the three ways."""
    lease = Lease()
    made = Backend(request.param, tiers(lease=lease), tiers(lease=lease), truth, lease)
    if made.name == "valkey":
        made.cache.memory.resize(0, 0)
    await made.hear()
    return made
