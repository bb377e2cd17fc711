"""A small HTTP server over a real socket: what Supabase is to the engine."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Reply = tuple[int, dict[str, str], bytes]


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Upstream:
    """Answers each request as `answer` says, once the gate is open, and keeps what was asked.

    `answer` may return None to break the connection off without a word.
    """

    answer: Callable[[Asked], Reply | None] = field(default=lambda _: rows([{"id": 1}]))
    asked: list[Asked] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        self.gate.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.gate.set()
        self._server.close()
        await self._server.wait_closed()

    def count(self, method: str) -> int:
        """How many requests of this method arrived."""
        return sum(one.method == method for one in self.asked)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                self.arrived.set()
                reply = self.answer(asked)  # before the gate: what was true when it was asked
                await self.gate.wait()
                if reply is None:
                    break
                writer.write(_bytes(asked, *reply))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client closed
        finally:
            writer.close()


def rows(found: Any, status: int = 200, **headers: str) -> Reply:
    """An answer with rows, or with an error, as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(found).encode()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


def _bytes(asked: Asked, status: int, headers: dict[str, str], body: bytes) -> bytes:
    named = {"content-length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in named.items())]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return head if asked.method == "HEAD" else head + body
