"""A real program that takes webhooks, and answers as a test chooses."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Program(ThreadingHTTPServer):
    """Keeps what it was sent; answers `statuses` in turn, then 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken, self.bodies, self.statuses = [], [], []

    @property
    def url(self):
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/hook?key=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.server.taken.append((self.path, dict(self.headers), json.loads(body)))
        self._answer()

    def do_GET(self):
        self.server.taken.append((self.path, dict(self.headers), None))
        self._answer()

    def _answer(self):
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def program():
    """One that runs."""
    server = Program()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
