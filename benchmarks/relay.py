"""A TCP relay that counts the HTTP requests that pass: a witness that is not the product itself."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

from canvalo.devstack.ports import LOOPBACK

_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n")


class Relay(ThreadingTCPServer):
    """Passes bytes on to a port of this machine; `requests` is how many were seen."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: int) -> None:
        super().__init__((LOOPBACK, 0), _Connection)
        self.target = target
        self.requests = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def saw(self, data: bytes) -> None:
        """Count what begins a request; a keep-alive client sends each in one piece."""
        if _REQUEST.match(data):
            with self._lock:
                self.requests += 1


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    """Run a relay in a thread for the length of a block."""
    with Relay(target) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


class _Connection(BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        client: socket.socket = self.request
        with socket.create_connection((LOOPBACK, self.server.target)) as upstream:
            for end in (client, upstream):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pump, args=(upstream, client), daemon=True).start()
            _pump(client, upstream, self.server)


def _pump(source: socket.socket, sink: socket.socket, server: Relay | None = None) -> None:
    """Copy until the source ends, then tell the sink; a reset ends it as well as a close."""
    with suppress(OSError):
        while data := source.recv(65536):
            if server is not None:
                server.saw(data)
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
