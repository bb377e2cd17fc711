"""How many requests are under way to Supabase at once, and the line of those that wait for that."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

import httpx

from optimizer.domain.facts import Emit
from optimizer.upstream import line
from optimizer.upstream.line import Line


class Limits(line.Limits, Protocol):
    """What the gate asks of the settings, at each request anew."""

    @property
    def pool_max_connections(self) -> int: ...


class Gate:
    """Lets so many through, callers in turn; httpx's own queue, which has no end, stays empty."""

    def __init__(self, limits: Limits, emit: Emit) -> None:
        self._limits = limits
        self._line = Line(limits, emit)
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._line)

    async def enter(self, caller: str) -> None:
        """Wait for a place under way; raises PoolFull or PoolTimeout."""
        if self.in_flight < self._limits.pool_max_connections and not self._line:
            self.in_flight += 1
            return
        await self._line.wait(caller, lost=self.leave)

    def leave(self) -> None:
        """Give the place back; whoever's turn it is takes it."""
        self.in_flight -= 1
        while self.in_flight < self._limits.pool_max_connections and self._line.call():
            self.in_flight += 1

    def leave_once(self) -> Callable[[], None]:
        """`leave` for an owner that may be told twice to give its place back."""
        held = [self.leave]
        return lambda: held.pop()() if held else None


class Held(httpx.AsyncByteStream):
    """A body that is still coming in, and so keeps its place under way."""

    def __init__(self, stream: httpx.AsyncByteStream, leave: Callable[[], None]) -> None:
        self._stream = stream
        self._leave = leave

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._leave()
