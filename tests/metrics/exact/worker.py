"""A worker: each job has an event loop of its own, as Celery's tasks do. `worker.py PORT`."""

import asyncio
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from optimizer import open_engine
from tests.metrics.exact.web import CONFIG, read


async def job(number: str) -> None:
    """One read, and the engine is closed again."""
    async with open_engine(CONFIG):
        await read(number)


class Jobs(BaseHTTPRequestHandler):
    """Takes a job by HTTP, answers when it is done."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Do one."""
        if self.path != "/ready":
            asyncio.run(job(self.path.removeprefix("/")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Jobs).serve_forever()
