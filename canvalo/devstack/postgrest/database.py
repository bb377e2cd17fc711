"""The pool of connections, and the catalog as it was last read."""

import select
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from . import transaction
from .catalog.load import load
from .catalog.model import Catalog
from .errors import Refusal
from .respond import Row
from .settings import Settings
from .statement import Statement
from .transaction import USUAL, Pairs, Work
from .wire import Connection

APPLICATION = "PostgREST 14 stand-in"
_PROBE = 2  # seconds to find out whether there is a database


class Database:
    """A pool of connections, and the catalog as it was last read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalog: Catalog | None = None
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.db_uri,
            open=False,
            min_size=1,
            max_size=settings.pool_size,
            timeout=settings.pool_timeout,
            kwargs={
                "autocommit": True,
                "client_encoding": "UTF8",
                "fallback_application_name": APPLICATION,
            },
            configure=_configure,
            name="postgrest",
        )

    async def open(self) -> None:
        """Open the pool and read the catalog; psycopg's errors where that fails."""
        await self._pool.open()
        await self.reload()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def reload(self) -> None:
        """Read the catalog anew."""
        async with self._pool.connection() as connection:
            self._catalog = await load(connection, self._settings.schemas)

    @property
    def catalog(self) -> Catalog:
        """The catalog; Refusal (PGRST002) while there is none."""
        if self._catalog is None:
            message = "Could not query the database for the schema cache. Retrying."
            raise Refusal(503, "PGRST002", message)
        return self._catalog

    async def run(self, work: Work) -> Row:
        """Carry out one transaction.

        Raises psycopg.Error as PostgreSQL does, Refusal where the row is refused (nothing is
        changed then) or where no connection could be had (PGRST000, PGRST003).
        """
        connection = await self._connection()
        try:
            return await transaction.run(connection, work)
        finally:
            await self._pool.putconn(connection)

    async def query(self, settings: Pairs, text: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement that only reads, under these settings."""
        connection = await self._connection()
        try:
            statement = Statement(text, tuple(values))
            return transaction.rows_of(await transaction.read(connection, settings, statement))
        finally:
            await self._pool.putconn(connection)

    async def _connection(self) -> Connection:
        """A living connection: after a restart of PostgreSQL the pool still holds dead ones."""
        while _is_dead(connection := await self._any_connection()):
            await connection.close()
            await self._pool.putconn(connection)
        return connection

    async def _any_connection(self) -> Connection:
        try:
            return await self._pool.getconn()
        except PoolTimeout:
            await self.probe()
            message = "Timed out acquiring connection from connection pool."
            raise Refusal(504, "PGRST003", message) from None

    async def probe(self) -> None:
        """Try the database once; Refusal (PGRST000) with the reason where it is away."""
        try:
            found = await AsyncConnection.connect(self._settings.db_uri, connect_timeout=_PROBE)
            await found.close()
        except OperationalError as error:
            reason = " ".join(str(error).split())
            raise Refusal(503, "PGRST000", "Database connection error.", reason) from None


async def _configure(connection: Connection) -> None:
    # What reading without BEGIN relies on, whatever the role or the database prefers.
    await connection.execute(f"SET default_transaction_isolation = '{USUAL}'".encode())


def _is_dead(connection: Connection) -> bool:
    """Whether the server has closed this idle connection; looked up without a round trip."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    try:
        while poll.poll(0):  # a farewell comes first, then the end
            connection.pgconn.consume_input()
    except OperationalError:
        return True
    return False
