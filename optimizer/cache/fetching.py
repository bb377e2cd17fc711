"""A miss is fetched once, however many ask: in this process and, for a while, in all of them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from optimizer.cache.entry import Entry
from optimizer.cache.flight import SingleFlight
from optimizer.cache.memory import Held
from optimizer.cache.served import Terms
from optimizer.cache.shared import Fetcher, Found, Look, SharedTier
from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault, Emit, Tier
from optimizer.errors import CacheUnavailable

Fetch = Callable[[], Awaitable[Answer]]
LEASE = 3.0  # s for which a process that fetches is waited for
_FIRST_PAUSE, _LAST_PAUSE = 0.002, 0.05  # s between looks at what another process fetches


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought, whether another one's, and from where."""

    answer: Answer
    tier: Tier = Tier.UPSTREAM
    joined: bool = False


class Fetches:
    """Fetches for those who saw the same stamps; never lets anybody join an older flight."""

    def __init__(
        self,
        shared: SharedTier,
        keep: Callable[[str, Held], None],
        emit: Emit,
        clock: Callable[[], float],
        lease: float = LEASE,
    ) -> None:
        self.fetcher = Fetcher(secrets.token_hex(8), lease)
        self._shared = shared
        self._keep = keep
        self._emit = emit
        self._clock = clock
        self._flights: SingleFlight[Fetched] = SingleFlight()

    async def run(self, key: str, terms: Terms, look: Look, fetch: Fetch) -> Fetched:
        """Fetch and keep, or take what others under the same stamps fetch; raises what they do."""

        async def work() -> Fetched:
            return await self._work(key, terms, look, fetch)

        fetched, joined = await self._flights.run((key, look.stamps), work)
        return replace(fetched, joined=True) if joined else fetched

    async def store(self, key: str, terms: Terms, entry: Entry) -> None:
        """Store in L2, where that can be."""
        ttl, name = terms.kept_for(entry.answer), self.fetcher.name
        try:
            await self._shared.fill(key, entry, ttl, terms.max_entries, name)
        except CacheUnavailable:
            self._emit(CacheFault("fill"))

    async def _work(self, key: str, terms: Terms, look: Look, fetch: Fetch) -> Fetched:
        if look.elsewhere:
            look = await self._wait(key, terms, look)
            if look.entry is not None and terms.left(look.entry, self._clock()) > 0:
                self._keep(key, Held(look.entry, look.at, tags_of(look.entry, look, terms)))
                return Fetched(look.entry.answer, Tier.L2, joined=True)
        if not look.fillable:
            return Fetched(await fetch())
        return await self.fetch(key, terms, look, fetch)

    async def fetch(self, key: str, terms: Terms, look: Look, fetch: Fetch) -> Fetched:
        """Fetch, and store the answer under the stamps that stood before."""
        stored, asked_at = False, self._clock()
        try:
            answer = await fetch()
            short = look.unknown or terms.is_short(answer)
            stamps, tags = (look.stamps, terms.widest) if short else (look.core, terms.tags)
            if stored := terms.may_store(answer) and not (short and look.others_busy):
                entry = Entry(answer, stamps, asked_at, look.at.position)
                await self.store(key, terms, entry)
                # last: who joins the flight until then has dropped the old one
                self._keep(key, Held(entry, look.at, tags))
        finally:
            if not stored:
                await self._release(key)
        return Fetched(answer)

    async def _wait(self, key: str, terms: Terms, look: Look) -> Look:
        """Look again until another process's fetch is there, has failed, or takes too long."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self.fetcher.seconds, _FIRST_PAUSE
        while look.elsewhere and loop.time() < end:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LAST_PAUSE)
            try:
                look = await self._shared.look(
                    key, terms.tags, "", self.fetcher, terms.short, terms.asked
                )
            except CacheUnavailable:
                self._emit(CacheFault("look"))
                return replace(look, found=Found.QUARANTINE, elsewhere=False)  # keep nothing
        return look

    async def _release(self, key: str) -> None:
        try:
            await self._shared.release(key, self.fetcher.name)
        except CacheUnavailable:
            self._emit(CacheFault("fill"))  # it ends by itself


def tags_of(entry: Entry, look: Look, terms: Terms) -> tuple[str, ...]:
    """The tags under whose stamps an entry stands that a look found standing."""
    return terms.tags if entry.stamps == look.core else terms.widest
