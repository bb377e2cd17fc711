"""The policy over both tiers: look, fly once, fill. What it rests on: `docs/protocol.md`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from optimizer.cache.entry import Entry
from optimizer.cache.flight import SingleFlight
from optimizer.cache.memory import MemoryTier
from optimizer.cache.misses import Misses
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
    """An answer and where it came from; `age` and `ttl_left` are seconds since and to come."""

    answer: Answer
    outcome: ReadOutcome
    tier: Tier
    reason: MissReason | None = None
    age: float = 0.0
    ttl_left: float = 0.0


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
        self._misses = Misses()

    async def read(self, key: str, terms: Terms, fetch: Fetch) -> Served:
        """Answer from a tier, or fetch once for all who ask, and keep the answer."""
        held = self.memory.get(key)
        look = await self._look(key, terms, held)
        if look is None:
            return await self._without_cache(fetch)
        served = self._from_tier(key, terms, look, held)
        return served or await self._miss(key, terms, look, fetch)

    async def peek(self, key: str, terms: Terms) -> Served | None:
        """Answer from a tier or not at all; a miss is remembered for the `keep` that follows."""
        held = self.memory.get(key)
        look = await self._look(key, terms, held)
        served = self._from_tier(key, terms, look, held) if look else None
        if served is None and look is not None:
            busy = look.found is Found.WRITER_AT_WORK
            self._misses.remember(key, "" if busy else look.stamps)
        return served

    async def keep(self, key: str, terms: Terms, answer: Answer) -> bool:
        """Keep an answer under the stamps of its miss; False where it was not kept."""
        stamps = self._misses.stamps(key)
        if stamps is None:  # nobody asked before: the caller says that this is today's answer
            look = await self._look(key, terms, None)
            stamps = look.stamps if look and look.found is not Found.WRITER_AT_WORK else ""
        if stamps:
            await self._fill(key, terms, stamps, answer)
        return bool(stamps)

    async def _look(self, key: str, terms: Terms, held: Entry | None) -> Look | None:
        """Ask both tiers at once; None where Valkey cannot be asked."""
        try:
            return await self.shared.look(key, terms.tags, held.stamps if held else "")
        except CacheUnavailable:
            self._emit(CacheFault("look"))
            return None

    def _from_tier(self, key: str, terms: Terms, look: Look, held: Entry | None) -> Served | None:
        entry, tier = _standing(look, self.memory.get(key) or held)
        if entry is None or not is_fresh(entry.filled_at, terms.ttl, self._clock()):
            return None
        self.memory.put(key, entry)
        age = max(0.0, self._clock() - entry.filled_at)
        return Served(entry.answer, ReadOutcome.HIT, tier, age=age, ttl_left=terms.ttl - age)

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
        try:
            await self.shared.fill(key, entry, terms.ttl, terms.max_entries)
        except CacheUnavailable:
            self._emit(CacheFault("fill"))
        self.memory.put(key, entry)  # last: who joins the flight until then has dropped the old one

    async def _without_cache(self, fetch: Fetch) -> Served:
        answer = await fetch()
        outcome = ReadOutcome.ERROR if answer.status >= 400 else ReadOutcome.BYPASS
        return Served(answer, outcome, Tier.UPSTREAM, MissReason.BYPASSED)


def _standing(look: Look, kept: Entry | None) -> tuple[Entry | None, Tier]:
    """The entry that a look found standing, and where.

    `kept` is what L1 holds after the look: a fetch may have ended meanwhile, and what it filled
    under this look's stamps is as good as having joined it.
    """
    if look.entry is not None or look.found is Found.WRITER_AT_WORK:
        return look.entry, Tier.L2
    stands = kept is not None and kept.stamps == look.stamps
    return kept if stands else None, Tier.L1
