"""Runs the command behind `script/server` as a user would, in a home and on ports of its own."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from canvalo.devstack import leftovers, ports
from canvalo.devstack.home import Home
from tests.stack import PROJECT, Stack

READY_WITHIN = 120.0
Start = Callable[..., "Server"]


class Server:
    """One run of the command: its lines, its addresses, its end."""

    def __init__(self, home: Path, *options: str, **variables: str) -> None:
        self.home = home
        self.variables = variables
        self.lines: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "canvalo.devstack", "up", *options],
            cwd=PROJECT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._news.put(line.rstrip("\n"))
        self._news.put(None)

    def line(self, pattern: str, seconds: float = READY_WITHIN) -> re.Match[str]:
        """Wait for a line that matches, and fail with all lines where none comes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._news.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line {pattern!r} among:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def ready(self) -> "Server":
        """Wait until everything answers."""
        self.line(r"^ready http://127\.0\.0\.1:(\d+)")
        return self

    def end(self, number: signal.Signals | None = None, seconds: float = 90) -> int:
        """Wait for the end, after a signal where one is given; the exit code."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        while (line := self._news.get(timeout=10)) is not None:
            self.lines.append(line)
        return code

    @property
    def output(self) -> str:
        """Every line so far."""
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        """The web server's address."""
        return f"http://127.0.0.1:{self.variables['PORT']}"

    def manage(self, *words: str) -> str:
        """What `manage.py` prints, typed in another terminal with no variable set but the home."""
        return self.manage_fully(*words).stdout.strip()

    def manage_fully(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same with what it says on standard error."""
        keep = ("PATH", "HOME", "LANG", "CANVALO_HOME")
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT,
            env={name: self.variables[name] for name in keep if name in self.variables},
            capture_output=True,
            text=True,
            check=True,
        )

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        """Ask the web server."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=30)

    def processes(self) -> list[psutil.Process]:
        """Whatever lives of this home's stack, the command itself left out."""
        folders = [self.home / "valkey", self.home / "postgres" / "data"]
        folders.append(Path(f"/var/tmp/canvalo-postgres-{Home(self.home).key}/data"))
        return [p for p in leftovers.of(self.home, *folders) if p.pid != self.process.pid]

    def named(self, word: str) -> psutil.Process:
        """The stack's process whose command line holds this word, the eldest of several."""
        found = [p for p in self.processes() if word in " ".join(_command(p))]
        return min(found, key=lambda p: p.create_time())


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def variables(stack: Stack, home: Path) -> dict[str, str]:
    """A user's environment: nothing of ours in it but the home and two free ports."""
    ours = {*stack.environment(), "DJANGO_SETTINGS_MODULE", "SUPABASE_PORT", "PORT", "HOST"}
    return {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "CANVALO_HOME": str(home),
        "PORT": str(ports.find_free()),
        "SUPABASE_PORT": str(ports.find_free()),
    }


@pytest.fixture
def start(variables: dict[str, str], home: Path) -> Iterator[Start]:
    """Starts the command; whatever a test leaves running is ended and removed."""
    started: list[Server] = []

    def start_one(*options: str, **more: str) -> Server:
        merged = {**variables, **more}
        started.append(Server(Path(merged["CANVALO_HOME"]), *options, **merged))
        return started[-1]

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(90)
        leftovers.end(server.processes())
    _remove_cluster(home)


def _remove_cluster(home: Path) -> None:
    """As root the cluster lives outside the home, where pytest does not clean."""
    from canvalo.devstack.postgres import EmbeddedPostgres

    if home.is_dir():
        EmbeddedPostgres(Home(home)).remove()
