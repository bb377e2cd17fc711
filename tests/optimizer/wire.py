"""A wire to Valkey that a test can cut and mend, while the server lives on for others."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class Wire:
    """Passes bytes on to the server behind `url` while it is whole."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._whole = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        """The same address by way of this wire."""
        port = self._server.sockets[0].getsockname()[1]
        return self._target._replace(netloc=f":{self._target.password}@127.0.0.1:{port}").geturl()

    async def cut(self) -> None:
        """End every connection, and let none through."""
        self._whole = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    async def stop(self) -> None:
        await self.cut()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.CancelledError):
            try:
                if self._whole:
                    await self._pass_on(reader, writer)
            except* ConnectionError:
                pass
        writer.close()
        self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, back))
                group.create_task(_copy(there, writer))
        finally:
            back.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
    raise ConnectionResetError  # one side has closed, so both are
