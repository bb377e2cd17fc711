"""Runs the stand-in in this process: database, listener, web server; until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import psycopg
import uvicorn
import uvloop

from canvalo.devstack.errors import DevstackError

from . import keys
from .app import application
from .asgi import App
from .database import Database
from .errors import Refusal
from .keys import Key
from .listener import listen
from .service import Service
from .settings import Settings

Others = Callable[[Settings, Database, tuple[Key, ...]], dict[str, App]]
Task = Coroutine[Any, Any, None]
_GRACE = 5  # seconds for requests that are under way


def run(settings: Settings, others: Others, tasks: Callable[[Settings], list[Task]]) -> None:
    """Serve until INT or TERM; DevstackError where that cannot begin."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, others, tasks))


async def _serve(
    settings: Settings, others: Others, tasks: Callable[[Settings], list[Task]]
) -> None:
    found = keys.load(settings.jwt_secret, settings.jwks_file)
    database = Database(settings)
    with _listening(settings) as server_socket:
        async with _opened(database, settings):
            service = Service(settings, database, found)
            app = application(service, others(settings, database, found))
            async with _running([listen(settings, database), *tasks(settings)]):
                await _web(app, server_socket)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((settings.host, settings.port))
            server.listen(1024)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise DevstackError(f"cannot listen on {where}: {error.strerror or error}") from None
        yield server


@asynccontextmanager
async def _opened(database: Database, settings: Settings) -> AsyncIterator[None]:
    try:
        await database.probe()  # it says why; the pool would only try for a long time
        await database.open()
        _require_schemas(database, settings)
        yield
    except Refusal as refusal:
        raise DevstackError(f"cannot reach the database: {refusal.details}") from None
    except psycopg.Error as error:
        raise DevstackError(f"cannot read the database's catalog: {error}") from None
    finally:
        await database.close()


def _require_schemas(database: Database, settings: Settings) -> None:
    missing = set(settings.schemas) - database.catalog.schema_descriptions.keys()
    if missing:
        raise DevstackError(f"the database has no schema {', '.join(sorted(missing))}")


@asynccontextmanager
async def _running(tasks: list[Task]) -> AsyncIterator[None]:
    running = [asyncio.create_task(task) for task in tasks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task


class _Server(uvicorn.Server):
    """A server that ends itself: uvicorn's own would raise the signal again at its end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask for the end on INT and TERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = True


async def _web(app: App, server_socket: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    await _Server(config).serve(sockets=[server_socket])
