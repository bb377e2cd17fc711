"""The demo against a web server that comes and goes: patient, quiet, and gone without a trace."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE
from urllib.parse import parse_qs, urlsplit

import pytest

from canvalo.devstack import demo_loop, ports
from canvalo.devstack.demo import CONTACTS, MARK, Visitors
from canvalo.devstack.demo_loop import Tokens, Traffic
from canvalo.devstack.tokens import USERS
from tests.stack import PROJECT

SECRET = "a secret that is long enough to sign tokens with"


class Contacts:
    """A small web server on a real socket: the contacts of three users, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.status = 200
        self.port = ports.find_free()
        for user in USERS:
            self.add(user, f"{user}@example.com")

    def add(self, user: str, email: str, **values: str) -> dict[str, str]:
        row = {**values, "id": f"row-{len(self.asked)}-{len(self.rows)}", "email": email}
        self.rows[row["id"]] = {**row, "owner": user}
        return row

    def marked(self) -> list[str]:
        return [id_ for id_, row in self.rows.items() if row["email"].endswith(MARK)]

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, ports.LOOPBACK, self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            method, target, _ = head.split("\r\n")[0].split()
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append((method, target))
            status, answer = self._answer(method, target, body)
            text = json.dumps(answer).encode()
            kind = "content-type: application/json\r\n"
            length = f"content-length: {len(text)}\r\n\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{kind}{length}".encode() + text)
            await writer.drain()
        writer.close()

    def _answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
        if self.status != 200:
            return self.status, {}
        parts = urlsplit(target)
        id_ = parts.path.removeprefix(CONTACTS).strip("/")
        if method == "POST":
            return 201, self.add("somebody", **json.loads(body))
        if not id_:
            search = parse_qs(parts.query).get("search", [""])[0]
            return 200, [row for row in self.rows.values() if search in row["email"]]
        found = self.rows.pop(id_, None) if method == "DELETE" else self.rows.get(id_)
        return (200, found) if found else (404, {})


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


async def eventually(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the conditions are plain looks at data
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Look again at once: a second is for people."""
    monkeypatch.setattr(demo_loop, "_AGAIN_AFTER", 0.01)


@contextmanager
def running(
    contacts: Contacts, said: list[str], patience: float = 0.0
) -> Iterator[asyncio.Task[None]]:
    url = f"http://{ports.LOOPBACK}:{contacts.port}"
    traffic = Traffic(Visitors(1), url, SECRET, 200.0, said.append, patience)
    task = asyncio.ensure_future(traffic.run())
    yield task
    task.cancel()


def test_a_token_is_kept_and_belongs_to_its_visitor():
    """Each new token would cost the pool a client."""
    held = Tokens(SECRET)
    assert held.of("alice") == held.of("alice")
    assert held.of("alice") != held.of("bob")


@pytest.mark.thorough
async def test_leftovers_go_first_and_its_own_rows_at_the_end():
    """After a run the table is as it was before the run that was killed."""
    contacts, said = Contacts(), []
    contacts.add("alice", f"left{MARK}")
    untouched = set(contacts.rows) - set(contacts.marked())
    async with await contacts.serve():
        with running(contacts, said) as task:
            await eventually(lambda: not contacts.marked())
            await eventually(contacts.marked)
        with pytest.raises(asyncio.CancelledError):
            await task
    assert set(contacts.rows) == untouched
    assert said == []


async def test_a_server_that_is_away_is_waited_for_and_mentioned_once():
    """An outage is one line when it begins and one when it ends."""
    contacts, said = Contacts(), []
    with running(contacts, said):
        await eventually(lambda: said)
        async with await contacts.serve():
            await eventually(lambda: len(contacts.asked) > 20)
            contacts.status = 503
            until = len(contacts.asked) + 10
            await eventually(lambda: len(contacts.asked) > until)
    url = f"http://{ports.LOOPBACK}:{contacts.port}"
    assert said[:2] == [f"{url} does not answer: waiting for it", f"{url} answers"]
    assert said[2:] == [f"{url} answers 503, JSON: waiting for it"]


async def test_rows_of_before_an_outage_are_removed_after_it():
    """An insert whose answer was lost left a row that nobody remembers."""
    contacts, said = Contacts(), []
    async with await contacts.serve():
        with running(contacts, said):
            await eventually(lambda: len(contacts.asked) > 20)
            contacts.status = 500
            await eventually(lambda: said)
            lost = contacts.add("carol", f"lost{MARK}")["id"]
            contacts.status = 200
            await eventually(lambda: lost not in contacts.rows)


async def test_a_server_that_only_starts_later_is_not_worth_a_line():
    """The supervisor starts both at once."""
    contacts, said = Contacts(), []
    with running(contacts, said, patience=30.0):
        await asyncio.sleep(0)  # it begins before there is anything to answer
        async with await contacts.serve():
            await eventually(lambda: len(contacts.asked) > 20)
    assert said == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_ends_at_once_and_without_a_trace(stack, number):
    """The supervisor stops it first, and waits for it."""
    contacts = Contacts()
    url = f"http://{ports.LOOPBACK}:{contacts.port}"
    command = [sys.executable, "manage.py", "demo", "--url", url, "--rate", "100"]
    async with await contacts.serve():
        process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=PIPE)
        try:
            await eventually(contacts.marked)
            process.send_signal(number)
            said, _ = await asyncio.wait_for(process.communicate(), 1.5)
        finally:
            if process.returncode is None:
                process.kill()
    assert (process.returncode, said) == (0, b"")
    assert contacts.marked() == []


@pytest.mark.parametrize("wrong", [["--rate", "0"], ["--rate", "many"], ["--url", "localhost"]])
def test_what_cannot_work_is_refused(stack, wrong):
    """An option that makes no sense is named."""
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", *wrong], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert wrong[0] in done.stderr
