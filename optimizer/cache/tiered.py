"""The policy over both tiers: look, fly once, fill. What it rests on: `docs/protocol.md`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from optimizer.cache.entry import Entry
from optimizer.cache.flight import SingleFlight
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import Found, Look, SharedTier
from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault, Emit, MissReason, ReadOutcome, Tier
from optimizer.domain.ttl import is_fresh
from optimizer.errors import CacheUnavailable

Fetch = Callable[[], Awaitable[Answer]]
_STORABLE = frozenset({200, 206})
_REASONS = {
    Found.COLD: MissReason.COLD,
    Found.L1_STANDS: MissReason.EXPIRED,  # found, but older than today's TTL
    Found.VALUE: MissReason.EXPIRED,
    Found.EXPIRED: MissReason.EXPIRED,
    Found.WRITER_AT_WORK: MissReason.INVALIDATED,
    Found.INVALIDATED: MissReason.INVALIDATED,
}


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and where it came from; `age` is seconds since its fill."""

    answer: Answer
    outcome: ReadOutcome
    tier: Tier
    reason: MissReason | None = None
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a read may be kept: its tags, its TTL in seconds, the tier's bound."""

    tags: Sequence[str]
    ttl: float
    max_entries: int


class TieredCache:
    """L1 over L2. Every read asks Valkey whether what L1 holds still stands."""

    def __init__(
        self, memory: MemoryTier, shared: SharedTier, emit: Emit, clock: Callable[[], float]
    ) -> None:
        self.memory = memory
        self.shared = shared
        self._emit = emit
        self._clock = clock
        self._flights: SingleFlight[Answer] = SingleFlight()

    async def read(self, key: str, terms: Terms, fetch: Fetch) -> Served:
        """Answer from a tier, or fetch once for all who ask, and keep the answer."""
        held = self.memory.get(key)
        try:
            look = await self.shared.look(key, terms.tags, held.stamps if held else "")
        except CacheUnavailable:
            self._emit(CacheFault("look"))
            return await self._without_cache(fetch)
        entry, tier = _found(look, held)
        if entry is not None and is_fresh(entry.filled_at, terms.ttl, self._clock()):
            self.memory.put(key, entry)
            age = max(0.0, self._clock() - entry.filled_at)
            return Served(entry.answer, ReadOutcome.HIT, tier, age=age)
        return await self._miss(key, terms, look, fetch)

    async def _miss(self, key: str, terms: Terms, look: Look, fetch: Fetch) -> Served:
        """Fetch, together with those who saw the same stamps: never join an older flight."""

        async def work() -> Answer:
            answer = await fetch()
            if look.found is not Found.WRITER_AT_WORK and answer.status in _STORABLE:
                await self._fill(key, terms, look.stamps, answer)
            return answer

        self.memory.drop(key)
        answer, joined = await self._flights.run((key, look.stamps), work)
        outcome = ReadOutcome.COALESCED if joined else ReadOutcome.MISS
        if answer.status >= 400:
            outcome = ReadOutcome.ERROR
        return Served(answer, outcome, Tier.UPSTREAM, _REASONS[look.found])

    async def _fill(self, key: str, terms: Terms, stamps: str, answer: Answer) -> None:
        """Store an answer under the stamps that stood before it was fetched."""
        entry = Entry(answer, stamps, self._clock())
        self.memory.put(key, entry)
        try:
            await self.shared.fill(key, entry, terms.ttl, terms.max_entries)
        except CacheUnavailable:
            self._emit(CacheFault("fill"))

    async def _without_cache(self, fetch: Fetch) -> Served:
        answer = await fetch()
        outcome = ReadOutcome.ERROR if answer.status >= 400 else ReadOutcome.BYPASS
        return Served(answer, outcome, Tier.UPSTREAM, MissReason.BYPASSED)


def _found(look: Look, held: Entry | None) -> tuple[Entry | None, Tier]:
    if look.found is Found.L1_STANDS:
        return held, Tier.L1
    return look.entry, Tier.L2
