"""One connection to Valkey that all questions of an event loop share.

Requests leave as they come, without waiting for the answers before them, and answers return in
their order. A pooled connection is lent for one question at a time and read through a stream: that
takes longer than the question itself.
"""

import asyncio
from collections import deque
from typing import Any

import hiredis
from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as Gone
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as Late

_PATIENCE = 2.0  # s, where the pool says nothing
_NOTHING = object()  # that is whole yet


class Multiplexed:
    """Opens at the first question, and again when the connection is gone; closed by its pool."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._opening = asyncio.Lock()
        self._lane: _Lane | None = None

    async def ask(self, *command: Any) -> Any:
        """Send a command that may be sent twice; raises RedisError or OSError."""
        try:
            return await (await self._open()).send(command)
        except Gone:  # an idle connection that the server has closed is noticed only now
            return await (await self._open()).send(command)

    @property
    def under_way(self) -> int:
        """How many questions wait for their answers."""
        return 0 if self._lane is None else self._lane.under_way

    async def _open(self) -> "_Lane":
        lane = self._lane
        if lane is not None and not lane.is_lost:
            return lane
        async with self._opening:
            if self._lane is None or self._lane.is_lost:
                await self._give_back()
                connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
                self._lane = _Lane(connection)
            return self._lane

    async def _give_back(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            await lane.connection.disconnect(nowait=True)
            await self._pool.release(lane.connection)


class _Lane(asyncio.Protocol):
    """A connection that redis-py has opened and greeted; from here on its bytes are read here."""

    def __init__(self, connection: Any) -> None:
        writer = connection._writer
        if writer is None:
            raise Gone("the connection was closed at once")
        self.connection = connection
        self.is_lost = False
        self._patience = connection.socket_timeout or _PATIENCE
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._replies = hiredis.Reader(replyError=_refusal, notEnoughData=_NOTHING)
        self._transport: Any = writer.transport
        self._before = self._transport.get_protocol()
        self._transport.set_protocol(self)

    def send(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Send a command; its reply, or Gone, or Late."""
        reply = self._loop.create_future()
        if self.is_lost or self._transport.is_closing():
            reply.set_exception(Gone("the connection is closed"))
            return reply
        self._waiting.append((self._loop.time() + self._patience, reply))
        if self._watch is None:
            self._watch = self._loop.call_later(self._patience, self._look_at_the_first)
        self._transport.write(hiredis.pack_command(command))
        return reply

    @property
    def under_way(self) -> int:
        """How many questions wait."""
        return len(self._waiting)

    def data_received(self, data: bytes) -> None:
        """Hand replies out in the order of the questions."""
        self._replies.feed(data)
        while (found := self._replies.gets()) is not _NOTHING:
            if not isinstance(found, hiredis.PushNotification):  # for which nobody asked
                self._answer(found)

    def _answer(self, found: Any) -> None:
        _, reply = self._waiting.popleft()
        if reply.done():  # whoever asked has gone
            return
        if isinstance(found, Exception):
            reply.set_exception(found)
        else:
            reply.set_result(found)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell everybody who waits."""
        self._fail(Gone)
        self._before.connection_lost(error)  # redis-py waits for it when it closes

    def _look_at_the_first(self) -> None:
        """Where the oldest question has waited too long the server hangs, for all of them."""
        self._watch = None
        if not self._waiting:
            return
        left = self._waiting[0][0] - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look_at_the_first)
            return
        self._fail(Late)
        self._transport.abort()

    def _fail(self, error: type[Exception]) -> None:
        self.is_lost = True
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            _, reply = self._waiting.popleft()
            if not reply.done():
                reply.set_exception(error("no reply from Valkey"))


def _refusal(text: str) -> ResponseError:
    return NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
