"""A function that blocks, asked for by the loop's cache and run by the thread that waits for it.

It is not given to a pool of threads: functions that call each other would wait for free threads
that they themselves hold.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from optimizer.loopthread import LoopThread

T = TypeVar("T")
_Asked = tuple["asyncio.Future[Any]", Context]


class CallerGone(RuntimeError):  # noqa: N818 - named for what happened
    """The thread that should have run the function was interrupted."""


class Errand(Generic[T]):
    """One call of one thread: whoever the cache makes the one to fetch runs the function."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()

    async def asked(self) -> T:
        """Have the function run, from within the loop; its calls count as those of this task."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put((future, copy_context()))
        return await future

    def run(self, loop: LoopThread, call: Callable[[], Awaitable[T]]) -> T:
        """Let `call` decide in the loop, and run the function here where it asks for that."""

        async def decide() -> T:
            try:
                return await call()
            finally:
                self._asked.put(None)

        done = loop.submit(decide)
        try:
            while (asked := self._asked.get()) is not None:
                self._serve(*asked)
        except BaseException:
            done.cancel()
            self._leave()
            raise
        return done.result()

    def _serve(self, future: "asyncio.Future[T]", context: Context) -> None:
        try:
            value = context.run(self._function)
        except StopIteration as error:  # which no future takes
            _settle(future, RuntimeError(f"the function raised {error!r}"))
        except BaseException as error:
            _settle(future, error)
            if not isinstance(error, Exception):
                raise
        else:
            future.get_loop().call_soon_threadsafe(_give, future, value)

    def _leave(self) -> None:
        """Nobody runs what is still asked for."""
        while not self._asked.empty():
            if (asked := self._asked.get()) is not None:
                _settle(asked[0], CallerGone("the caller was interrupted"))


def _settle(future: "asyncio.Future[Any]", error: BaseException) -> None:
    future.get_loop().call_soon_threadsafe(_refuse, future, error)


def _give(future: "asyncio.Future[T]", value: T) -> None:
    if not future.done():
        future.set_result(value)


def _refuse(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
