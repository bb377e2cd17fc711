"""Single flight in one event loop: of many callers with the same key, one does the work."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Shares one running call among all who ask for the same key while it runs.

    The work is a task of its own: a caller that is cancelled leaves it to the others. An error goes
    to everyone who waits and is not remembered.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the result and whether this caller joined another one's flight."""
        task = self._flights.get(key)
        joined = task is not None
        if task is None:
            task = asyncio.ensure_future(self._fly(key, work))
            self._flights[key] = task
            task.add_done_callback(_retrieve)
        return await asyncio.shield(task), joined

    async def _fly(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await work()
        finally:
            self._flights.pop(key, None)

    def __len__(self) -> int:
        return len(self._flights)


def _retrieve(task: "asyncio.Task[T]") -> None:
    """Mark the error as seen, so that a flight whose callers all left is not reported twice."""
    if not task.cancelled():
        task.exception()
