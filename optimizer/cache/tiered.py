"""The policy over both tiers: look, fly once, fill. What it rests on: `docs/protocol.md`."""

from collections.abc import Callable

from optimizer.cache.clocks import boottime
from optimizer.cache.entry import Entry
from optimizer.cache.fence import Fence
from optimizer.cache.fetching import Fetch, Fetched, Fetches, tags_of
from optimizer.cache.memory import Held, MemoryTier
from optimizer.cache.misses import Missed, Misses
from optimizer.cache.refreshing import Refreshes
from optimizer.cache.served import Served, Terms, served, while_failing, without_cache
from optimizer.cache.shared import Found, Look, SharedTier
from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault, Emit, MissReason, ReadOutcome, Tier
from optimizer.errors import CacheUnavailable, UpstreamError

_REASONS = {
    Found.COLD: MissReason.COLD,
    Found.L1_STANDS: MissReason.EXPIRED,  # found, but older than today's TTL
    Found.VALUE: MissReason.EXPIRED,
    Found.EXPIRED: MissReason.EXPIRED,
    Found.WRITER_AT_WORK: MissReason.INVALIDATED,
    Found.INVALIDATED: MissReason.INVALIDATED,
    Found.QUARANTINE: MissReason.BYPASSED,
    Found.EVICTED: MissReason.EVICTED,
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
        self.fence = Fence(shared.history, emit, shared.steps.life)
        self._view = shared.view
        self._emit = emit
        self.clock = clock  # tells the time by which entries age, in epoch seconds
        self._now = lease_clock
        self._fetches = Fetches(shared, self._keep, emit, clock)
        self._refreshes = Refreshes(self._fetches, shared, emit)
        self._misses = Misses()

    async def read(self, key: str, terms: Terms, fetch: Fetch) -> Served:
        """Answer from a tier, or fetch once for all who ask, and keep the answer."""
        held = self.memory.get(key)
        if held is not None and (found := self._unasked(key, held, terms, fetch)):
            return found
        look = await self._look(key, terms, held, fetches=True)
        if look is None:
            return await without_cache(fetch)
        return self._from_tier(key, terms, look, held, fetch) or await self._miss(
            key, terms, look, held, fetch
        )

    async def peek(self, key: str, terms: Terms) -> Served | None:
        """Answer from a tier or not at all; a miss is remembered for the `keep` that follows."""
        held = self.memory.get(key)
        if held is not None and (found := self._unasked(key, held, terms)):
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
        entry = Entry(answer, missed.stamps, self.clock(), missed.at.position)
        await self._fetches.store(key, terms, entry)
        self._keep(key, Held(entry, missed.at, terms.tags))
        return True

    def stands_unasked(self, held: Held, terms: Terms) -> bool:
        """Whether L1 may be served without a word to Valkey: nothing can have happened to it."""
        view = self._view
        if terms.strict or self.fence.owed or not view.serves_unasked(self._now(), terms.after):
            return False
        if held.seen != view.version:
            if not view.stands(held.at, held.tags):
                return False
            held.seen = view.version  # nothing has changed since, so it need not be looked up
        tags = held.tags
        return tags is terms.tags or tags == terms.tags or tags == terms.widest

    async def close(self) -> None:
        """Stop what is fetched behind readers."""
        await self._refreshes.stop()

    def _unasked(
        self, key: str, held: Held, terms: Terms, fetch: Fetch | None = None
    ) -> Served | None:
        if not self.stands_unasked(held, terms):
            return None
        return self._served(key, held.entry, terms, Tier.L1, fetch)

    def _served(
        self, key: str, entry: Entry, terms: Terms, tier: Tier, fetch: Fetch | None = None
    ) -> Served | None:
        """Serve an entry that stands, and see to it that the next one comes in time.

        Without a fetch nobody could: then what is beyond its TTL is not served.
        """
        found = served(entry, terms, tier, self.clock())
        if found is None or (fetch is None and found.outcome is ReadOutcome.STALE):
            return None
        if fetch is not None and self._refreshes.is_due(key, found, terms):
            self._refreshes.start(key, terms, fetch)
        return found

    async def _look(
        self, key: str, terms: Terms, held: Held | None, fetches: bool = False
    ) -> Look | None:
        """Ask both tiers at once; None where Valkey cannot say what the reader must know.

        Nor can it while it has not heard of all that this process wrote.
        """
        if not await self.fence.settle():
            return None
        fetcher = self._fetches.fetcher if fetches else None
        try:
            look = await self.shared.look(
                key,
                terms.tags,
                held.entry.stamps if held else "",
                fetcher,
                terms.short,
                terms.asked,
            )
        except CacheUnavailable:
            self._emit(CacheFault("look"))
            return None
        other_epoch = terms.after is not None and terms.after.epoch != look.at.epoch
        return None if other_epoch else look

    def _from_tier(
        self, key: str, terms: Terms, look: Look, held: Held | None, fetch: Fetch | None = None
    ) -> Served | None:
        kept = self.memory.get(key) or held
        if kept and look.stands(kept.entry.stamps):
            # A fetch may have ended meanwhile: what it filled under these stamps is as good.
            entry, tier = kept.entry, Tier.L1
            kept.at, kept.tags = look.at, tags_of(entry, look, terms)
        elif look.entry is not None:
            entry, tier = look.entry, Tier.L2
            self._keep(key, Held(entry, look.at, tags_of(entry, look, terms)))
        else:
            return None
        return self._served(key, entry, terms, tier, fetch)

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
        # Whoever wrote here must not see what was before.
        if entry is None or self._view.wrote_since(entry.mark, terms.widest):
            return None
        return while_failing(entry, terms, self.clock())

    def _keep(self, key: str, held: Held) -> None:
        """Keep in L1 what has not changed since it was seen to stand."""
        if self._view.stands(held.at, held.tags):
            self.memory.put(key, held)


def _missed(look: Look) -> Missed:
    return Missed(look.stamps, look.at) if look.fillable else Missed()


def _as_served(fetched: Fetched, look: Look) -> Served:
    outcome = ReadOutcome.COALESCED if fetched.joined else ReadOutcome.MISS
    if fetched.answer.status >= 400:
        outcome = ReadOutcome.ERROR
    return Served(fetched.answer, outcome, fetched.tier, _REASONS[look.found])
