"""A way to the stand-in that cuts connections: at a byte, or at a request, as a test says."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from optimizer import Config, open_engine, optimization_settings
from optimizer.conf import Overrides

Work = Callable[[], Awaitable[Any]]
_GATEWAY = b"HTTP/1.1 504 -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1\r\n")


class Side(StrEnum):
    """Which way bytes go."""

    REQUEST = "request"
    ANSWER = "answer"


class Fault(StrEnum):
    """What becomes of a request."""

    BEFORE = "before"  # cut before any of it arrives
    AFTER = "after"  # it is carried out, and the answer cut
    GATEWAY = "gateway"  # it is carried out, and a gateway answers instead


@dataclass
class Cutter:
    """Passes bytes on to `url`. `cut_at` arms one cut; `faults` says which requests fail (from 1).

    `armed` is None again once the cut was made.
    """

    url_behind: str
    faults: Mapping[int, Fault] = field(default_factory=dict)
    armed: tuple[Side, int] | None = None
    requests: int = 0
    _passed: int = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The stand-in's address by way of this."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut_at(self, side: Side, position: int) -> None:
        """Cut when so many bytes have gone this way, counted from now."""
        self.armed, self._passed = (side, position), 0

    def fail(self, faults: Mapping[int, Fault]) -> None:
        """Let these requests fail, counted from now."""
        self.faults, self.requests = faults, 0

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        target = urlsplit(self.url_behind)
        there, back = await asyncio.open_connection(target.hostname, target.port)
        with suppress(ConnectionError, asyncio.CancelledError):
            await _Connection(self, reader, writer, there, back).pass_on()
        for end in (writer, back):
            end.close()
        self._tasks.discard(task)

    def allowed(self, side: Side, count: int) -> int:
        """How many of these bytes still pass."""
        if self.armed is None or self.armed[0] is not side:
            return count
        self._passed += count
        return count - max(0, self._passed - self.armed[1])

    def is_reached(self, side: Side) -> bool:
        """Whether the cut is due; it is made once."""
        if self.armed is None or self.armed[0] is not side or self._passed < self.armed[1]:
            return False
        self.armed = None
        return True


@dataclass
class _Connection:
    cutter: Cutter
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    there: asyncio.StreamReader
    back: asyncio.StreamWriter
    fault: Fault | None = None

    async def pass_on(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._requests()), group.create_task(self._answers())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()

    async def _requests(self) -> None:
        while data := await self.reader.read(65_536):
            if _REQUEST.match(data):  # a client begins each in a piece of its own
                self.cutter.requests += 1
                self.fault = self.cutter.faults.get(self.cutter.requests)
            if self.fault is Fault.BEFORE:
                return
            if await self._forward(Side.REQUEST, data, self.back):
                return

    async def _answers(self) -> None:
        while data := await self.there.read(65_536):
            if self.fault is Fault.GATEWAY:
                self.writer.write(_GATEWAY)
                await self.writer.drain()
            if self.fault is not None or await self._forward(Side.ANSWER, data, self.writer):
                return

    async def _forward(self, side: Side, data: bytes, sink: asyncio.StreamWriter) -> bool:
        """Pass on what may pass; whether the connection is cut now."""
        sink.write(data[: self.cutter.allowed(side, len(data))])
        await sink.drain()
        return self.cutter.is_reached(side)


@dataclass
class BreakingWay:
    """Batches in an event loop of their own, by way of a cutter; and the truth.

    For Hypothesis, whose examples share a test's fixtures.
    """

    runner: asyncio.Runner
    supabase: Any
    database: Any
    valkey: str
    token: str

    def run(
        self, work: Callable[[], Awaitable[Any]], faults: Mapping[int, Fault], size: int
    ) -> Any:
        """What a piece of work comes to where these requests fail and a chunk has this size."""
        optimization_settings.adopt(Overrides(engine={"batch_max_size": size}))
        return self.runner.run(self._over(Cutter(self.supabase.url, faults), work))

    async def _over(self, cutter: Cutter, work: Work) -> Any:
        await cutter.start()
        anon, secret = self.supabase.anon_key, self.supabase.jwt_secret
        config = Config(cutter.url, anon, jwt_secret=secret, valkey_url=self.valkey)
        async with open_engine(config):
            result = await work()
        await cutter.stop()
        return result
