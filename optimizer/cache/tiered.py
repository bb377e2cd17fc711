"""The policy over both tiers: look, fly once, fill. What it rests on: `docs/protocol.md`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from optimizer.cache.clocks import boottime
from optimizer.cache.entry import Entry
from optimizer.cache.fetching import Fetched, Fetches
from optimizer.cache.memory import Held, MemoryTier
from optimizer.cache.misses import Missed, Misses
from optimizer.cache.served import Served, Terms, may_be_stale, served, without_cache
from optimizer.cache.shared import Found, Look, SharedTier
from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault, Emit, MissReason, ReadOutcome, Tier
from optimizer.domain.ttl import is_fresh
from optimizer.errors import CacheUnavailable, UpstreamError

Fetch = Callable[[], Awaitable[Answer]]
_REASONS = {
    Found.COLD: MissReason.COLD,
    Found.L1_STANDS: MissReason.EXPIRED,  # found, but older than today's TTL
    Found.VALUE: MissReason.EXPIRED,
    Found.EXPIRED: MissReason.EXPIRED,
    Found.WRITER_AT_WORK: MissReason.INVALIDATED,
    Found.INVALIDATED: MissReason.INVALIDATED,
    Found.QUARANTINE: MissReason.BYPASSED,
}


class TieredCache:
    """L1 over L2: served unasked while this process hears of every change, else Valkey is asked."""

    def __init__(
        self,
        memory: MemoryTier,
        shared: SharedTier,
        emit: Emit,
        clock: Callable[[], float],
        lease_clock: Callable[[], float] = boottime,
    ) -> None:
        self.memory = memory
        self.shared = shared
        self._view = shared.view
        self._emit = emit
        self._clock = clock
        self._lease_clock = lease_clock
        self._fetches = Fetches(shared, self._keep, emit, clock)
        self._misses = Misses()

    async def read(self, key: str, terms: Terms, fetch: Fetch) -> Served:
        """Answer from a tier, or fetch once for all who ask, and keep the answer."""
        held = self.memory.get(key)
        if held is not None and (found := self._unasked(held, terms)):
            return found
        look = await self._look(key, terms, held, fetches=True)
        if look is None:
            return await without_cache(fetch)
        return self._from_tier(key, terms, look, held) or await self._miss(
            key, terms, look, held, fetch
        )

    async def peek(self, key: str, terms: Terms) -> Served | None:
        """Answer from a tier or not at all; a miss is remembered for the `keep` that follows."""
        held = self.memory.get(key)
        if held is not None and (found := self._unasked(held, terms)):
            return found
        look = await self._look(key, terms, held)
        found = self._from_tier(key, terms, look, held) if look else None
        if found is None and look is not None:
            self._misses.remember(key, _missed(look))
        return found

    async def keep(self, key: str, terms: Terms, answer: Answer) -> bool:
        """Keep an answer under the stamps of its miss; False where it was not kept."""
        missed = self._misses.found(key)
        if missed is None:  # nobody asked before: the caller says that this is today's answer
            look = await self._look(key, terms, None)
            missed = _missed(look) if look else Missed()
        if missed.at is None:
            return False
        entry = Entry(answer, missed.stamps, self._clock(), missed.at.position)
        await self._fetches.store(key, terms, entry)
        self._keep(key, Held(entry, missed.at, terms.tags))
        return True

    def _unasked(self, held: Held, terms: Terms) -> Served | None:
        """Serve L1 without a word to Valkey, where nothing can have happened to it."""
        allowed = not terms.strict and held.tags == terms.tags
        if not allowed or not self._view.serves_unasked(self._lease_clock(), terms.after):
            return None
        entry, now = held.entry, self._clock()
        if not is_fresh(entry.filled_at, terms.ttl, now) or not self._view.stands(
            held.at, held.tags
        ):
            return None
        return served(entry, terms, Tier.L1, now)

    async def _look(
        self, key: str, terms: Terms, held: Held | None, fetches: bool = False
    ) -> Look | None:
        """Ask both tiers at once; None where Valkey cannot say what the reader must know."""
        fetcher = self._fetches.fetcher if fetches else None
        try:
            look = await self.shared.look(
                key, terms.tags, held.entry.stamps if held else "", fetcher
            )
        except CacheUnavailable:
            self._emit(CacheFault("look"))
            return None
        other_epoch = terms.after is not None and terms.after.epoch != look.at.epoch
        return None if other_epoch else look

    def _from_tier(self, key: str, terms: Terms, look: Look, held: Held | None) -> Served | None:
        kept = self.memory.get(key) or held
        entry, tier = _standing(look, kept.entry if kept else None)
        now = self._clock()
        if entry is None or not is_fresh(entry.filled_at, terms.ttl, now):
            return None
        self._keep(key, Held(entry, look.at, terms.tags))
        return served(entry, terms, tier, now)

    async def _miss(
        self, key: str, terms: Terms, look: Look, held: Held | None, fetch: Fetch
    ) -> Served:
        self.memory.drop(key)
        try:
            fetched = await self._fetches.run(key, terms, look, fetch)
        except UpstreamError:
            if stale := await self._stale(key, terms, held):
                return stale
            raise
        if fetched.answer.status >= 500 and (stale := await self._stale(key, terms, held)):
            return stale
        return _as_served(fetched, look)

    async def _stale(self, key: str, terms: Terms, held: Held | None) -> Served | None:
        """What was last known, marked as such, where that is allowed while Supabase fails."""
        if not terms.stale_if_error or terms.strict or terms.after is not None:
            return None
        try:
            entry = held.entry if held else await self.shared.last(key)
        except CacheUnavailable:
            self._emit(CacheFault("last"))
            return None
        if entry is None or not may_be_stale(entry, terms, self._clock()):
            return None
        if self._view.wrote_since(entry.mark, terms.tags):
            return None  # whoever wrote here must not see what was before
        return replace(served(entry, terms, Tier.L2, self._clock()), outcome=ReadOutcome.STALE)

    def _keep(self, key: str, held: Held) -> None:
        """Keep in L1 what has not changed since it was seen to stand."""
        if self._view.stands(held.at, held.tags):
            self.memory.put(key, held)


def _missed(look: Look) -> Missed:
    return Missed(look.stamps, look.at) if look.fillable else Missed()


def _standing(look: Look, kept: Entry | None) -> tuple[Entry | None, Tier]:
    """The entry that a look found standing, and where.

    `kept` is what L1 holds after the look: a fetch may have ended meanwhile, and what it filled
    under this look's stamps is as good as having joined it.
    """
    if look.entry is not None or look.found is Found.WRITER_AT_WORK:
        return look.entry, Tier.L2
    stands = kept is not None and kept.stamps == look.stamps
    return kept if stands else None, Tier.L1


def _as_served(fetched: Fetched, look: Look) -> Served:
    outcome = ReadOutcome.COALESCED if fetched.joined else ReadOutcome.MISS
    if fetched.answer.status >= 400:
        outcome = ReadOutcome.ERROR
    return Served(fetched.answer, outcome, fetched.tier, _REASONS[look.found])
