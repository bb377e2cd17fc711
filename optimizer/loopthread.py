"""One event loop in a thread of its own, for callers that have none: views, tasks, scripts.

It starts at its first use and ends with the process. A fork starts without it: threads stay behind.
"""

import asyncio
import atexit
import concurrent.futures.thread  # noqa: F401 - its own hook must be there first
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

from optimizer.upstream.handover import runner, submit

logger = logging.getLogger(__name__)

T = TypeVar("T")

_CLOSE_WITHIN = 5.0  # s, at the end of the process


class LoopThread:
    """Runs coroutines for threads that wait for them; `at_end` is run in the loop as it closes."""

    def __init__(self, at_end: Callable[[], Awaitable[None]]) -> None:
        self._at_end = at_end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._after_fork()
        os.register_at_fork(after_in_child=self._after_fork)
        _at_exit(self.stop)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work in the loop, which is started where there is none, and wait for it."""
        return runner(self._started())(work)

    def submit(self, work: Callable[[], Awaitable[T]]) -> "Future[T]":
        """Have the work done in the loop and go on meanwhile; RuntimeError in the loop's thread."""
        return submit(self._started(), work)

    def stop(self) -> None:
        """End the loop, if there is one; the next use starts another."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop, self._thread = None, None
        if loop is None or thread is None:
            return
        closing = submit(loop, self._at_end)
        try:
            closing.result(_CLOSE_WITHIN)
        except TimeoutError:
            logger.warning("the engine did not close within %.0f s", _CLOSE_WITHIN)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_CLOSE_WITHIN)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="canvalo-loop", daemon=True
                )
                self._thread.start()
            return self._loop

    def _after_fork(self) -> None:
        """What another thread of the parent held is nobody's here, its lock least of all."""
        self._lock = threading.Lock()
        self._loop, self._thread = None, None


def _at_exit(stop: Callable[[], None]) -> None:
    """Have it called while the loop can still use threads.

    What `atexit` has is called after the executors of `concurrent.futures` were shut, which they do
    by a hook of `threading` (imported above, so that ours, the later one, comes first).
    """
    getattr(threading, "_register_atexit", atexit.register)(stop)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as running:  # which cancels what is left
        running.get_loop().run_forever()
