"""Sends requests and keeps a log of them: `client.py COUNT LOG PORT PORT …`. Standard library only.

A line of the log for each answer: the time in seconds since the epoch, the port, the status.
"""

import asyncio
import sys
import time
from typing import TextIO

CONNECTIONS = 6  # to each port


async def main(count: int, log: TextIO, ports: list[int]) -> None:
    """Share the requests out among all connections."""
    numbers = iter(range(count))
    works = [_ask(port, numbers, log) for port in ports for _ in range(CONNECTIONS)]
    await asyncio.gather(*works)


async def _ask(port: int, numbers, log: TextIO) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        writer.write(f"GET /{number % 400} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            status = await _status(reader)
        except (OSError, asyncio.IncompleteReadError):
            return  # the server was killed: this request was never answered
        log.write(f"{time.time():.6f} {port} {status}\n")
        log.flush()


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return int(head.split(b" ")[1])


if __name__ == "__main__":
    with open(sys.argv[2], "w") as file:  # noqa: PTH123 - the program is as plain as can be
        asyncio.run(main(int(sys.argv[1]), file, [int(port) for port in sys.argv[3:]]))
