"""An edge before the stand-in that fails as it is told, over real sockets."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What goes wrong with one request; the name says whether Supabase gets to see it."""

    NONE = "none"
    CLOSE_AFTER = "the idle connection is closed after the answer"
    LIMIT = "the answer says that it is the connection's last"
    RESET_UNREAD = "reset before the request is read"
    RESET_BEFORE = "reset before Supabase sees it"
    LOST = "reset after Supabase answered"
    RESET_DURING = "reset in the middle of the body"
    RESET_AFTER = "reset after the body"
    TOO_MANY = "429"
    AWAY = "503"
    UNKNOWN_ERROR = "520"
    SLOW_HEADERS = "the answer comes too late"
    SLOW_BODY = "the body stops in the middle"


ALL = list(Fault)
_REFUSED = {
    Fault.TOO_MANY: "429 Too Many Requests",
    Fault.AWAY: "503 Service Unavailable",
    Fault.UNKNOWN_ERROR: "520 Unknown",
}
_ERROR = b'{"message": "the edge says no"}'
_SEEN_TOO_LATE = (
    Fault.CLOSE_AFTER, Fault.LIMIT, Fault.LOST, Fault.RESET_DURING, Fault.RESET_AFTER,
    Fault.SLOW_HEADERS, Fault.SLOW_BODY, Fault.NONE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer as it was on the wire."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        """Its first line."""
        return self.head.split(b"\r\n", 1)[0].decode()


class Edge:
    """Passes requests on to `target`, each with the fault that `choose` picks for it."""

    def __init__(self, target: str, choose: Callable[[Message], Fault], late: float = 1.0) -> None:
        self._target = urlsplit(target)
        self.choose = choose
        self.late = late  # s, for what comes too late
        self.retry_after = 0  # s
        self.seen: list[str] = []  # the first lines of what arrived here
        self._port = 0
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """Where it listens, also after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; the second time on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Reset every connection and refuse new ones."""
        self._server.close()
        for task, writer in list(self._connections.items()):
            _reset(writer)
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        upstream = _Upstream(self._target)
        try:
            while await self._one(reader, writer, upstream):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # one side has closed, or the edge is stopped
        finally:
            del self._connections[task]
            writer.close()
            upstream.close()

    async def _one(self, reader, writer, upstream: "_Upstream") -> bool:
        """Answer one request; whether the connection lives on."""
        head = await reader.readuntil(b"\r\n\r\n")
        request = Message(head, b"")
        fault = self.choose(request)
        self.seen.append(request.line)
        if fault is Fault.RESET_UNREAD:
            return _reset(writer)
        request = Message(head, await reader.readexactly(_length(head)))
        if fault is Fault.RESET_BEFORE:
            return _reset(writer)
        if fault in _REFUSED:
            return await _send(writer, self._refusal(fault))
        assert fault in _SEEN_TOO_LATE
        return await self._pass_on(fault, request, writer, upstream)

    async def _pass_on(self, fault, request, writer, upstream) -> bool:
        answer = await upstream.ask(request)
        if fault is Fault.LOST:
            return _reset(writer)
        if fault is Fault.SLOW_HEADERS:
            await asyncio.sleep(self.late)
        if fault is Fault.LIMIT:
            last = answer.head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            await _send(writer, last + answer.body)
            return False
        if fault in (Fault.RESET_DURING, Fault.SLOW_BODY):
            return await self._half(fault, answer, writer)
        await _send(writer, answer.head + answer.body)
        if fault is Fault.RESET_AFTER:
            return _reset(writer)
        return fault is not Fault.CLOSE_AFTER

    async def _half(self, fault, answer: Message, writer) -> bool:
        whole = answer.head + answer.body
        await _send(writer, whole[: len(answer.head) + len(answer.body) // 2])
        if fault is Fault.RESET_DURING:
            return _reset(writer)
        await asyncio.sleep(self.late)
        return await _send(writer, whole[len(answer.head) + len(answer.body) // 2 :])

    def _refusal(self, fault: Fault) -> bytes:
        lines = [f"HTTP/1.1 {_REFUSED[fault]}", f"Content-Length: {len(_ERROR)}"]
        if fault is not Fault.UNKNOWN_ERROR:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + _ERROR


class _Upstream:
    """One connection of the edge to what is behind it, opened when needed."""

    def __init__(self, target) -> None:
        self._target = target
        self._streams = None

    async def ask(self, request: Message) -> Message:
        if self._streams is None:
            host, port = self._target.hostname, self._target.port
            self._streams = await asyncio.open_connection(host, port)
        reader, writer = self._streams
        await _send(writer, request.head + request.body)
        head = await reader.readuntil(b"\r\n\r\n")
        bodiless = request.line.startswith("HEAD")
        return Message(head, b"" if bodiless else await reader.readexactly(_length(head)))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _send(writer: asyncio.StreamWriter, data: bytes) -> bool:
    writer.write(data)
    await writer.drain()
    return True


def _reset(writer: asyncio.StreamWriter) -> bool:
    """End a connection by RST, as a machine does that went away."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
