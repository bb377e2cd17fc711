"""Following the changes of other processes: what lets L1 be served without asking."""

import asyncio
import logging
from collections.abc import Callable

from optimizer.cache.clocks import boottime
from optimizer.cache.history import History
from optimizer.domain.facts import CacheFault, Emit
from optimizer.errors import CacheUnavailable

logger = logging.getLogger(__name__)

_WAITING = 0.4  # of the bound; a lease is renewed at least twice before it ends
_PAUSE = 0.2  # s after a failure
_IDLE = 1.0  # s between rounds where nothing is served unasked


class Follower:
    """Waits for news, then asks for all that happened: the asking, not the waiting, is believed."""

    def __init__(self, history: History, bound: Callable[[], float], emit: Emit) -> None:
        self._history = history
        self._bound = bound
        self._emit = emit
        self._heard = False

    async def round(self) -> None:
        """Wait for news, at most for part of the bound, and catch up."""
        bound = self._bound()
        try:
            if self._heard:
                await self._wait(bound)
            await self._history.catch_up(boottime, bound)
            if not self._heard and not await self._history.keeps_markers():
                logger.error(
                    "Valkey may evict markers, so old answers may be served: set maxmemory-policy "
                    "to noeviction or to one of volatile-*"
                )
            self._heard = True
        except CacheUnavailable:
            self._heard = False
            self._emit(CacheFault("follow"))
            await asyncio.sleep(_PAUSE)

    async def _wait(self, bound: float) -> None:
        if bound > 0:
            await self._history.wait(bound * _WAITING)
        else:
            await asyncio.sleep(_IDLE)
