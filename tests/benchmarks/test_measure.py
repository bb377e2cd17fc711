"""Timing side by side, and the witness that counts requests."""

import http.server
import threading

import httpx
import pytest

from benchmarks.measure import medians
from benchmarks.relay import relay


def test_the_two_calls_alternate_in_who_is_first():
    """Neither always meets the caches that the other warmed."""
    called = []
    medians(lambda: called.append("a"), lambda: called.append("b"), rounds=4, warm_up=1)
    assert "".join(called) == "ab" + "ba" + "ab" + "ba" + "ab"


def test_the_slower_call_takes_longer():
    """The figures belong to their sides."""
    quick, slow = medians(lambda: None, lambda: sum(range(20_000)), rounds=9)
    assert 0 <= quick < slow


@pytest.fixture
def server():
    """A web server that answers every GET and POST with its path, keeping connections open."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = self.path.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the standard library's spelling

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


def test_the_relay_passes_everything_on_and_counts_requests(server):
    """Kept-alive requests on one connection and new connections alike."""
    with relay(server) as witness:
        with httpx.Client(base_url=witness.url, trust_env=False) as client:
            assert [client.get(f"/{n}").text for n in range(5)] == [f"/{n}" for n in range(5)]
            assert client.post("/p", content=b"GET " * 50_000).text == "/p"
        assert httpx.get(witness.url, trust_env=False).text == "/"
        assert witness.requests == 7
