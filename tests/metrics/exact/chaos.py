"""Stands before Valkey and does to flushes what networks do: `chaos.py PORT URL SEED`.

Some never arrive and their connection breaks; of some the answer is lost; of some a copy arrives
again up to two seconds later, after newer ones. USR1 ends the mischief; what is under way arrives.
"""

import asyncio
import random
import signal
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import redis.asyncio
from redis.exceptions import RedisError


class Chaos:
    """One listening proxy."""

    def __init__(self, url: str, seed: int) -> None:
        self.target = urlsplit(url)
        self.valkey = redis.asyncio.Redis.from_url(url)
        self.random = random.Random(seed)
        self.calm = False
        self.late: set[asyncio.Task[None]] = set()
        self.done = {"lost": 0, "unanswered": 0, "repeated": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, command by command."""
        try:
            host, port = self.target.hostname, self.target.port
            back, forth = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        answers = asyncio.create_task(_pump(back, writer))
        try:
            while await self._pass(await _command(reader), forth):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            answers.cancel()
            writer.close()
            forth.close()

    async def _pass(self, parts: list[bytes], forth: asyncio.StreamWriter) -> bool:
        """Pass a command on; False where the connection is to break."""
        fate = self.random.random() if _is_flush(parts) and not self.calm else 1.0
        if fate < 0.15:
            self.done["lost"] += 1
            return False
        if fate < 0.3:
            self.done["unanswered"] += 1
            await self._send(parts)
            return False
        if fate < 0.6:
            self.done["repeated"] += 1
            self._later(parts)
        forth.write(_encoded(parts))
        await forth.drain()
        return True

    def _later(self, parts: list[bytes]) -> None:
        async def send() -> None:
            await asyncio.sleep(self.random.uniform(0.1, 2))
            await self._send(parts)

        task = asyncio.create_task(send())
        self.late.add(task)
        task.add_done_callback(self.late.discard)

    async def _send(self, parts: list[bytes]) -> None:
        with suppress(RedisError, OSError):  # Valkey is down: then this copy never arrives
            await self.valkey.execute_command(*parts)

    async def rest(self) -> None:
        """Do no more mischief, and say what was done once everything has arrived."""
        self.calm = True
        await asyncio.gather(*self.late)
        print(self.done, flush=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def _command(reader: asyncio.StreamReader) -> list[bytes]:
    count = int((await reader.readuntil(b"\r\n"))[1:])
    parts = []
    for _ in range(count):
        length = int((await reader.readuntil(b"\r\n"))[1:])
        parts.append((await reader.readexactly(length + 2))[:-2])
    return parts


def _encoded(parts: list[bytes]) -> bytes:
    body = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"*%d\r\n" % len(parts) + body


def _is_flush(parts: list[bytes]) -> bool:
    """A delivery of deltas, and not an empty one."""
    return parts[0].upper() == b"EVAL" and b"'seen:'" in parts[1] and parts[5] != b"0"


async def main(port: int, url: str, seed: int) -> None:
    """Serve until the end."""
    chaos = Chaos(url, seed)
    rests: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: rests.append(asyncio.create_task(chaos.rest())))
    server = await asyncio.start_server(chaos.serve, "127.0.0.1", port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
