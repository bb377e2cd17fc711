"""Who waits, caller by caller: each in its turn, so that one caller's burst starves nobody."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from optimizer.domain.facts import Emit, LoadShed
from optimizer.errors import PoolError, PoolFull, PoolTimeout

Place = asyncio.Future[None]


class Limits(Protocol):
    """What the line asks of the settings, each time anew."""

    @property
    def pool_max_waiting(self) -> int: ...
    @property
    def pool_wait_timeout(self) -> float: ...


class Line:
    """A bounded waiting line; a place in it is a future, and its result is the turn."""

    def __init__(self, limits: Limits, emit: Emit) -> None:
        """Begin empty."""
        self._limits = limits
        self._emit = emit
        self._by_caller: OrderedDict[str, deque[Place]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def next_caller(self) -> str | None:
        """Whose turn it is."""
        return next(iter(self._by_caller), None)

    async def wait(self, caller: str, lost: Callable[[], None]) -> None:
        """Wait for the turn; raises PoolFull or PoolTimeout, and says that somebody was refused.

        Where the line is full, whoever fills most of it gives way: the last place of the longest
        caller is refused, which is the newcomer's own where nobody waits more often. `lost` is
        called where the turn came in the very moment in which the wait was given up.
        """
        try:
            await self._wait(caller, lost)
        except PoolError as error:
            full = isinstance(error, PoolFull)
            self._emit(LoadShed("line full" if full else "waited too long"))
            raise

    async def _wait(self, caller: str, lost: Callable[[], None]) -> None:
        seconds = self._limits.pool_wait_timeout
        place = self._join(caller, self._limits.pool_max_waiting)
        try:
            async with asyncio.timeout(seconds):
                await place
        except TimeoutError as error:
            self._leave(caller, place, lost)
            raise PoolTimeout(f"no connection became free in {seconds:.0f} s") from error
        except asyncio.CancelledError:
            self._leave(caller, place, lost)
            raise

    def _join(self, caller: str, limit: int) -> Place:
        if self._length >= limit:
            self._make_way(caller)
        place = asyncio.get_running_loop().create_future()
        self._by_caller.setdefault(caller, deque()).append(place)
        self._length += 1
        return place

    def _leave(self, caller: str, place: Place, lost: Callable[[], None]) -> None:
        if place in self._by_caller.get(caller, ()):
            self._by_caller[caller].remove(place)
            self._taken(caller)
        elif place.done() and not place.cancelled() and place.exception() is None:
            lost()

    def call(self) -> bool:
        """Give one place its turn, and put its caller behind the others; False where none waits."""
        while (caller := self.next_caller) is not None:
            place = self._by_caller[caller].popleft()
            self._taken(caller)
            if caller in self._by_caller:
                self._by_caller.move_to_end(caller)
            if _turn(place):
                return True
        return False

    def call_all_of(self, caller: str) -> int:
        """Give every place of a caller its turn; how many they were."""
        places = self._by_caller.pop(caller, deque())
        self._length -= len(places)
        return sum(_turn(place) for place in places)

    def _make_way(self, newcomer: str) -> None:
        longest = max(self._by_caller, key=lambda caller: len(self._by_caller[caller]), default="")
        most = len(self._by_caller.get(longest, ()))
        if most <= len(self._by_caller.get(newcomer, ())) + 1:
            raise _full(self._length)
        place = self._by_caller[longest].pop()
        if not place.done():
            place.set_exception(_full(self._length))
        self._taken(longest)

    def _taken(self, caller: str) -> None:
        self._length -= 1
        if not self._by_caller[caller]:
            del self._by_caller[caller]


def _turn(place: Place) -> bool:
    """Give a place its turn; False where whoever held it has just gone away."""
    if place.done():
        return False
    place.set_result(None)
    return True


def _full(waiting: int) -> PoolFull:
    return PoolFull(f"{waiting} requests already wait")
