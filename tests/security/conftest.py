"""A web process over the session's stores and stand-in, with a schema of its own applied."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.security.web import Web
from tests.stack import PROJECT, Stack, Supabase

WEBHOOK = "a-secret-between-supabase-and-us"


@pytest.fixture(scope="session")
def migrated(stack: Stack, supabase: Supabase) -> None:
    """The product's own database, as `script/server` would have it; tests of Django use another."""
    manage("migrate", "--noinput")


def manage(*words: str, **variables: str) -> str:
    """What `manage.py` prints."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def web(migrated: None, stack: Stack) -> Iterator[Web]:
    """One process for all hostile requests: that it is there at the end is part of the test."""
    log = stack.home.folder("logs") / "web.log"
    server = Web(log, OPTIMIZATION_WEBHOOK_SECRET=WEBHOOK, CANVALO_LOG_FORMAT="json")
    yield server
    assert server.stop() in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it took


@pytest.fixture
def bearer(token_for: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """The header of a user: `bearer("alice")`."""

    def header(name: str, **claims: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_for(name, **claims)}"}

    return header


class Attacker:
    """A server that waits to be called, and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_error(404)

            do_POST = do_GET  # noqa: N815 - the server's own naming

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    """Someone who hopes that our server calls."""
    trap = Attacker()
    yield trap
    trap.server.shutdown()
    trap.server.server_close()
