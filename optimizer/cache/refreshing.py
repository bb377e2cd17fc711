"""Fetching anew behind the reader: what is beyond its TTL, and what is asked for often, in time."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextvars import ContextVar

from optimizer.cache.fetching import Fetch, Fetches
from optimizer.cache.served import Served, Terms
from optimizer.cache.shared import SharedTier
from optimizer.domain.facts import CacheFault, Emit, ReadOutcome
from optimizer.errors import CacheUnavailable

logger = logging.getLogger(__name__)

# Whether what is fetched here was asked for by nobody: a call that the engine adds.
BEHIND: ContextVar[bool] = ContextVar("canvalo_behind", default=False)

_AHEAD = 0.1  # of the TTL: within the last tenth an entry may be fetched anew
_STEEPNESS = 20.0  # how much likelier at the very end than at the beginning of that tenth


class Refreshes:
    """At most one fetch an entry, in this process and, by the fetcher's name, in all of them."""

    def __init__(
        self,
        fetches: Fetches,
        shared: SharedTier,
        emit: Emit,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._fetches = fetches
        self._shared = shared
        self._emit = emit
        self._chance = chance
        self._running: dict[str, asyncio.Task[None]] = {}

    def is_due(self, key: str, found: Served, terms: Terms) -> bool:
        """Whether an entry that was just served is to be fetched anew.

        Each hit in the last tenth of the TTL may be the one, more likely towards the end: so what
        is asked for often is fetched in time, what is not is left alone, and entries that were
        filled together are not fetched together.
        """
        if key in self._running:
            return False
        if found.outcome is ReadOutcome.STALE:
            return True
        if not terms.refresh_ahead:
            return False
        ahead = _AHEAD * (found.age + found.ttl_left)
        if found.ttl_left >= ahead:
            return False
        passed = 1.0 - found.ttl_left / ahead
        return self._chance() < passed**2 / _STEEPNESS

    def start(self, key: str, terms: Terms, fetch: Fetch) -> None:
        """Fetch it anew; whoever waits for it waits as for any other fetch."""
        task = asyncio.get_running_loop().create_task(self._refresh(key, terms, fetch))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def stop(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _refresh(self, key: str, terms: Terms, fetch: Fetch) -> None:
        BEHIND.set(True)  # in this task alone
        try:
            look = await self._shared.look(key, terms.tags, others=terms.short, asked=terms.asked)
            if look.fillable and await self._shared.claim(key, look.stamps, self._fetches.fetcher):
                await self._fetches.fetch(key, terms, look, fetch)
        except CacheUnavailable:
            self._emit(CacheFault("refresh"))
        except Exception:
            # Nobody waits for it: the reader has an answer, and the next one fetches for itself.
            logger.exception("an entry could not be fetched anew behind its reader")
            self._emit(CacheFault("refresh"))
