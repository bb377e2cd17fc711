"""A proxy before Supabase that waits at random, and holds what it is told to hold.

Each worker has a port of its own, so that one worker's request can be told from another's. Requests
are held before they are passed on, or after Supabase has answered: a write that is held there has
been committed, and a read has seen what it will answer.
"""

import asyncio
import random
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.truth.history import Kind
from benchmarks.truth.trouble import RunFailed
from canvalo.devstack import ports

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_HEAD_LIMIT = 1 << 17
_WITHIN = 20.0  # s until a request that is waited for must have come
_TOLD = 0.02  # s in which a writer that has its answer has told the cache
_GONE = (asyncio.IncompleteReadError, ConnectionError)


class Point(StrEnum):
    """Where a request is held."""

    ARRIVED = "arrived"  # Supabase does not have it yet
    ANSWERED = "answered"  # Supabase is done with it, and the worker does not know


@dataclass(frozen=True, slots=True)
class Waits:
    """Mean waits in seconds at each point, drawn anew for each request (exponential).

    One in `overtaken` answers to reads waits until a write to its table has been answered to its
    writer, for `at_most` seconds: such answers are old when they arrive.
    """

    write_arrived: float = 0.0
    write_answered: float = 0.0
    read_answered: float = 0.0
    overtaken: int = 0
    at_most: float = 0.0


class Hold:
    """One request that is, or will be, held."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reached = threading.Event()
        self._free = asyncio.Event()

    def wait(self) -> None:
        """Return once the request is held here; raises RunFailed."""
        if not self._reached.wait(_WITHIN):
            raise RunFailed("the request that was to be held did not come")

    def release(self) -> None:
        """Let it go on."""
        self._loop.call_soon_threadsafe(self._free.set)

    async def keep(self) -> None:
        """Hold the request that came."""
        self._reached.set()
        await self._free.wait()


@dataclass(slots=True)
class Gates:
    """The proxy, as the scenarios see it; `waits` may be exchanged at any time."""

    target: int
    loop: asyncio.AbstractEventLoop
    waits: Waits = Waits()
    _chance: random.Random = field(default_factory=lambda: random.Random(4))
    _armed: dict[tuple[int, Kind, Point], Hold] = field(default_factory=dict)
    _writes: dict[bytes, asyncio.Event] = field(default_factory=dict)  # by path: the next to pass

    def open(self) -> int:
        """Listen on one more port, and return it."""
        port = ports.find_free()
        asyncio.run_coroutine_threadsafe(self._listen(port), self.loop).result(_WITHIN)
        return port

    def hold(self, port: int, kind: Kind, point: Point) -> Hold:
        """Hold the next request of this kind that comes by this port."""
        hold = self._armed[port, kind, point] = Hold(self.loop)
        return hold

    async def _listen(self, port: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(*_GONE):
                async with _closing(writer):
                    while True:
                        await self._pass_one(port, reader, writer)

        await asyncio.start_server(serve, ports.LOOPBACK, port, limit=_HEAD_LIMIT)

    async def _pass_one(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await _message(reader)
        kind = Kind.READ if request.startswith((b"GET ", b"HEAD ")) else Kind.WRITE
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        await self._wait(port, kind, Point.ARRIVED, path)
        answer = await self._ask(request)
        await self._wait(port, kind, Point.ANSWERED, path)
        writer.write(answer)
        await writer.drain()
        if kind is Kind.WRITE and (passed := self._writes.pop(path, None)):
            passed.set()

    async def _ask(self, request: bytes) -> bytes:
        """Supabase's answer, by a connection of its own: one that waits might be closed there."""
        upstream = await asyncio.open_connection(ports.LOOPBACK, self.target, limit=_HEAD_LIMIT)
        async with _closing(upstream[1]):
            upstream[1].write(request)
            return await _message(upstream[0])

    async def _wait(self, port: int, kind: Kind, point: Point, path: bytes) -> None:
        waits = self.waits
        if (hold := self._armed.pop((port, kind, point), None)) is not None:
            await hold.keep()
        elif kind is Kind.WRITE:
            first = point is Point.ARRIVED
            await self._sleep(waits.write_arrived if first else waits.write_answered)
        elif point is Point.ANSWERED:
            await self._delay(path)

    async def _delay(self, path: bytes) -> None:
        """Hold an answer to a read for a moment, or until a write has passed it."""
        waits = self.waits
        if not waits.overtaken or self._chance.randrange(waits.overtaken):
            await self._sleep(waits.read_answered)
            return
        passed = self._writes.setdefault(path, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(waits.at_most):
                await passed.wait()
        await asyncio.sleep(_TOLD)

    async def _sleep(self, mean: float) -> None:
        if mean:
            await asyncio.sleep(self._chance.expovariate(1 / mean))


@contextmanager
def gates(target: int) -> Iterator[Gates]:
    """Run the proxy in a thread for the length of a block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Gates(target, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result(_WITHIN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_WITHIN)
        loop.close()


async def _end_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One request or answer as it came; both sides say how long their bodies are."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
