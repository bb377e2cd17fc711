"""Two web processes are replaced, one after the other, while requests come: none fails."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter

import httpx
import pytest

from tests.stack import PROJECT

CALLERS = 8


class Fleet:
    """Processes that share one listening socket, as systemd hands it to them."""

    def __init__(self, log):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.log = log

    def start(self, where):
        """Start one, and wait until it says that it is ready."""
        fd = self.listening.fileno()
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        heard.bind(str(where))
        heard.settimeout(60)
        process = subprocess.Popen(
            [sys.executable, "-m", "canvalo.serve", "--fd", str(fd), "--drain", "6"],
            cwd=PROJECT,
            env={**os.environ, "NOTIFY_SOCKET": str(where)},
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            pass_fds=[fd],
        )
        assert heard.recv(100) == b"READY=1"
        heard.close()
        return process


@pytest.fixture
def fleet(migrated, stack):
    """Nothing runs yet; what is started is ended."""
    fleet = Fleet(stack.home.folder("logs") / "fleet.log")
    fleet.running = []
    yield fleet
    for process in fleet.running:
        process.kill()
        process.wait()
    fleet.listening.close()


@pytest.mark.slow
async def test_a_rolling_restart_fails_no_request(fleet, bearer, tmp_path):
    """Reads and writes, on connections that are kept and on new ones."""
    fleet.running = [fleet.start(tmp_path / f"n{number}") for number in range(2)]
    seen, stop = Counter(), asyncio.Event()
    callers = [
        asyncio.create_task(call(fleet.url, bearer("alice"), stop, seen, keep=number % 2 == 0))
        for number in range(CALLERS)
    ]
    for number in range(2):
        before = sum(seen.values())
        code = await asyncio.to_thread(end, fleet.running[number])
        assert code == -signal.SIGTERM, fleet.log.read_text()[-2000:]
        fleet.running[number] = await asyncio.to_thread(fleet.start, tmp_path / f"m{number}")
        assert sum(seen.values()) > before + 20  # the other one answered meanwhile
    stop.set()
    await asyncio.gather(*callers)
    assert set(seen) == {200, 201}, seen
    assert min(seen.values()) > 20


def test_a_process_that_was_told_to_go_answers_on_connections_that_are_open(fleet, tmp_path):
    """A proxy keeps them; what it sends a moment later is answered, and then it is told to go."""
    fleet.running = [fleet.start(tmp_path / "n")]
    with socket.create_connection(fleet.listening.getsockname(), timeout=30) as kept:
        assert b"200 OK" in ask(kept)
        fleet.running[0].terminate()
        until_not_accepting(fleet)
        answer = ask(kept)
        assert b"200 OK" in answer
        assert b"connection: close" in answer.lower()
    assert fleet.running[0].wait(30) == -signal.SIGTERM


def ask(connection):
    """One request on this connection; the whole answer, or what came before it was closed."""
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}") and (part := connection.recv(65536)):
        answer += part
    return answer


def until_not_accepting(fleet):
    """Until a new connection waits in the socket: the process has stopped to listen."""
    while True:
        with socket.create_connection(fleet.listening.getsockname()) as new:
            new.settimeout(1)
            try:
                ask(new)
            except TimeoutError:
                return


def end(process):
    process.terminate()
    return process.wait(60)


async def call(url, headers, stop, seen, keep):
    """Read, write, read, until it is over; whatever goes wrong is counted under its name."""
    limits = httpx.Limits(max_keepalive_connections=None if keep else 0)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30) as ask:
        while not stop.is_set():
            for method, path, body in (
                ("GET", "/api/contacts?limit=5", None),
                ("POST", "/api/contacts", {"name": "rolling"}),
            ):
                try:
                    seen[(await ask.request(method, path, json=body)).status_code] += 1
                except httpx.HTTPError as error:
                    seen[repr(error)] += 1
