"""Recurring work in an event loop: it survives its own failures, says them, and can be stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """Holds the tasks of one loop, so that none is collected while it runs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that ends only when it is cancelled."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def every(
        self, name: str, interval: Callable[[], float], work: Callable[[], Awaitable[Any]]
    ) -> None:
        """Do `work` now and again after each interval, whose length is asked anew each time."""
        self.add(name, _repeat(name, interval, work))

    async def stop(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(
    name: str, interval: Callable[[], float], work: Callable[[], Awaitable[Any]]
) -> None:
    failing = False
    while not _is_cancelled():
        try:
            await work()
            failing = False
        except Exception:
            # Said once for each run of failures: the work goes on, the log stays readable.
            if not failing:
                logger.exception("%s failed; it is tried again", name)
            failing = True
        if not _is_cancelled():
            await asyncio.sleep(interval())


def _is_cancelled() -> bool:
    """Whether this task was told to end; what it waited for may have taken that for a time-out."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
