"""With a Supabase project of one's own: it is used, and nothing is ever changed in it."""

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from canvalo.devstack import envfile, tokens

pytestmark = pytest.mark.slow
SECRET = "a-secret-of-the-project-that-is-long-enough"
ROWS = b'[{"id":"00000000-0000-4000-8000-000000000001","name":"Ada"}]'


class Project(ThreadingHTTPServer):
    """Stands where a Supabase project would, and notes who asked for what."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """One row for whoever asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ROWS)))
        self.send_header("Content-Range", "0-0/1")
        self.end_headers()
        self.wfile.write(ROWS)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def project() -> Iterator[Project]:
    """A running project."""
    with Project() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_it_is_asked_what_callers_ask_and_nothing_else(start, home, project):
    """No stand-in, no demo, no migration, no seed; its tokens are verified and its rows cached."""
    server = start(
        SUPABASE_URL=project.url,
        SUPABASE_ANON_KEY="anon-key",
        SUPABASE_SERVICE_ROLE_KEY="service-key",
        SUPABASE_JWT_SECRET=SECRET,
    ).ready()
    started = " ".join(line for line in server.lines if line.startswith("starting"))
    assert "supabase" not in started
    assert "demo" not in started
    assert project.asked == []
    token = tokens.user(SECRET, "alice")
    outcomes = [server.get("/api/contacts?limit=1", token).headers["x-cache"] for _ in range(3)]
    assert outcomes == ["miss", "hit", "hit"]
    assert [method for method, _ in project.asked] == ["GET"]
    assert project.asked[0][1].startswith("/rest/v1/contacts?")
    assert "DEVSTACK_SUPABASE_DB_URI" not in envfile.read(home / "run.env")
    assert server.end(signal.SIGTERM) == 0
    assert [method for method, _ in project.asked] == ["GET"]


def test_without_a_key_for_tokens_the_check_warns(start, project):
    """Nothing would be cached, and `manage.py check` says so."""
    server = start(
        SUPABASE_URL=project.url, SUPABASE_ANON_KEY="a", SUPABASE_SERVICE_ROLE_KEY="s"
    ).ready()
    assert "SUPABASE_JWT_SECRET" in server.manage_fully("check").stderr
    assert server.end(signal.SIGTERM) == 0
