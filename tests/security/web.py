"""The product's own web process, as a server starts it, and requests spelt byte by byte."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from canvalo.devstack import ports
from canvalo.devstack.waiting import until
from tests.stack import PROJECT


class Web:
    """One process on a port of its own; its log is kept."""

    def __init__(self, log: Path, **variables: str) -> None:
        self.port, self.log = ports.find_free(), log
        self.url = f"http://127.0.0.1:{self.port}"
        words = ["--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                "canvalo.asgi:application",
                *words,
                "--no-access-log",
            ],
            cwd=PROJECT,
            env={**os.environ, "PORT": str(self.port), **variables},
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(self._answers, 60, log.read_text)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code in (200, 503)
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """End it in order; its exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def logged(self, words: str) -> str:
        """The log, once these words are in it: a request's line comes after its answer."""
        until(lambda: words in self.log.read_text(), 10, self.log.read_text)
        return self.log.read_text()

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        """Ask as a client that does not follow redirects."""
        return httpx.request(method, f"{self.url}{path}", timeout=30, **options)  # type: ignore[arg-type]

    def raw(self, request: bytes) -> bytes:
        """Send these bytes and read until the server closes, or says nothing for two seconds."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(request.replace(b"\r\nHost:", b"\r\nConnection: close\r\nHost:", 1))
            return b"".join(_until_silent(connection))


def _until_silent(connection: socket.socket):  # type: ignore[no-untyped-def]
    try:
        while part := connection.recv(65536):
            yield part
    except (TimeoutError, ConnectionResetError):
        return
