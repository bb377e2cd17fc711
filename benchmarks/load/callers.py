"""The callers: connections that are kept open, as many requests as the server answers.

Plain asyncio, since the callers share the machine with what they measure.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.load.known import Known

ROWS = 5  # of each caller
_WRITES, _FOREIGN = 0.1, 0.1  # shares of the requests
_PATIENCE = 130.0  # s; more than the server itself gives an answer
_PATH = "/api/contacts"


@dataclass
class Score:
    """What all callers together found."""

    answers: Counter[int] = field(default_factory=Counter)  # by status
    checked: int = 0
    wrong: list[str] = field(default_factory=list)
    broken: int = 0  # requests that were not answered at all
    milliseconds: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Requests that have an answer, of whatever kind."""
        return self.answers.total()

    @property
    def refused(self) -> int:
        """Answers that say that it cannot be done now."""
        return sum(count for status, count in self.answers.items() if status >= 500)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `token` is what its write gave."""

    status: int
    body: bytes
    token: str


class Line:
    """One kept connection to one web process."""

    def __init__(self, port: int, bearer: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: str = "", token: str = "") -> Reply:
        """Send a request and read its answer; raises OSError or EOFError where none comes."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server lets go of what was idle for some seconds
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        more = f"canvalo-token: {token}\r\n" if token else ""
        more += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{more}\r\n{body}".encode())
            return await asyncio.wait_for(_reply(reader), _PATIENCE)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _reply(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.rstrip().split("\r\n")
    parts = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in parts}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Reply(int(status.split(" ")[1]), body, headers.get("canvalo-token", ""))


class Caller:
    """Writes rows of its own, and reads those and others'."""

    def __init__(self, number: int, ports: Sequence[int], bearer: str, score: Score) -> None:
        self._dice = random.Random(number)
        self._lines = [Line(port, bearer) for port in ports]
        self._score = score
        self._tokens: dict[str, str] = {}
        self.rows: list[Known] = []

    async def begin(self) -> None:
        """Make the rows."""
        for _ in range(ROWS):
            made = await self._ask(0, "POST", _PATH, '{"name": "load", "notes": "0"}')
            if made is None or made.status != 201:
                raise OSError(f"no row could be made: {made}")
            self.rows.append(Known(json.loads(made.body)["id"]))

    async def work(self, until: asyncio.Event, everybody: "Sequence[Caller]") -> None:
        """Ask without pause until it is over."""
        while not until.is_set():
            luck = self._dice.random()
            if luck < _WRITES:
                await self._write(self._dice.choice(self.rows))
            elif luck < _WRITES + _FOREIGN:
                await self._read_foreign(self._dice.choice(self._dice.choice(everybody).rows))
            else:
                await self._read_own(self._dice.choice(self.rows))

    def close(self) -> None:
        """Let the connections go."""
        for line in self._lines:
            line.close()

    async def _write(self, row: Known) -> None:
        number = row.attempt()
        body = json.dumps({"notes": str(number)})
        reply = await self._anywhere("PATCH", f"{_PATH}/{row.key}", body)
        if reply is None or reply.status >= 500:
            return  # it may have been done or not: `attempted` says so
        self._judge(row, reply, number)
        row.acknowledge(number, time.monotonic(), reply.token not in ("", "bypass"))
        self._tokens[row.key] = reply.token

    async def _read_own(self, row: Known) -> None:
        """With the write's token, at whatever process: the write is seen."""
        token, least = self._tokens.get(row.key, ""), row.acked
        if not token:
            least = row.least(time.monotonic())
        reply = await self._anywhere("GET", f"{_PATH}/{row.key}", token=token)
        if reply is not None and reply.status < 500:
            self._judge(row, reply, least)

    async def _read_foreign(self, row: Known) -> None:
        least = row.least(time.monotonic())
        reply = await self._anywhere("GET", f"{_PATH}/{row.key}")
        if reply is not None and reply.status < 500:
            self._judge(row, reply, least)

    def _judge(self, row: Known, reply: Reply, least: int) -> None:
        self._score.checked += 1
        found = json.loads(reply.body).get("notes") if reply.status == 200 else None
        if found is None or not row.holds(int(found), least):
            said = f"{reply.status} {found}, not {least} to {row.attempted}"
            self._score.wrong.append(said)

    async def _anywhere(
        self, method: str, path: str, body: str = "", token: str = ""
    ) -> "Reply | None":
        return await self._ask(self._dice.randrange(len(self._lines)), method, path, body, token)

    async def _ask(
        self, which: int, method: str, path: str, body: str = "", token: str = ""
    ) -> Reply | None:
        start = time.perf_counter()
        try:
            reply = await self._lines[which].ask(method, path, body, token)
        except (OSError, EOFError, TimeoutError):
            self._score.broken += 1
            return None
        self._score.answers[reply.status] += 1
        self._score.milliseconds.append((time.perf_counter() - start) * 1000)
        return reply
