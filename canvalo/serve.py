"""`python -m canvalo.serve`: the web process, which can be replaced without a failed request.

It is given its listening socket (`--fd`, as systemd does), so that connections wait in it while one
process goes and another comes; and when it is told to go, it first lets go of its connections.
"""

import argparse
import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import uvicorn

BACKLOG = 2048
LAST_ANSWER = 30  # s for requests that run when the drain is over


class DrainingServer(uvicorn.Server):
    """Says when it is ready; goes when nobody is connected any more, or the drain is over."""

    def __init__(self, config: uvicorn.Config, drain: float) -> None:
        super().__init__(config)
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell whoever started it (systemd's `Type=notify`)."""
        await super().startup(sockets)
        notify("READY=1")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, answer what still comes with `Connection: close`, then end.

        A connection that was accepted a moment ago, and one that a proxy keeps open, would else be
        closed while a request is on its way.
        """
        for server in self.servers:
            server.close()
        self.server_state.default_headers.append((b"connection", b"close"))
        with suppress(TimeoutError):  # those that are left are idle: uvicorn closes them
            async with asyncio.timeout(self._drain):
                while self.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.05)
        await super().shutdown(sockets)


def notify(state: str) -> None:
    """Tell systemd, where it listens; its address may be in the abstract namespace."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        abstract = "\0" if address.startswith("@") else ""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.sendto(state.encode(), abstract + address.removeprefix("@"))


def main(words: Sequence[str] | None = None) -> None:
    """Serve until TERM."""
    parser = argparse.ArgumentParser(prog="python -m canvalo.serve", description=__doc__)
    parser.add_argument("--fd", type=int, help="descriptor of a listening socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--drain", type=float, default=6.0, help="s; more than a kept connection")
    given = parser.parse_args(words)
    listening = _socket(given)
    config = uvicorn.Config(
        "canvalo.asgi:application",
        access_log=False,
        ws="none",  # nothing here speaks it
        log_config=None,  # Django's lines, redacted and with the request's id
        timeout_graceful_shutdown=LAST_ANSWER,
    )
    DrainingServer(config, given.drain).run([listening])


def _socket(given: argparse.Namespace) -> socket.socket:
    if given.fd is not None:
        return socket.socket(fileno=given.fd)
    return socket.create_server((given.host, given.port), backlog=BACKLOG)


if __name__ == "__main__":
    main()
