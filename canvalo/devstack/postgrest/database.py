"""The one place that talks to PostgreSQL for requests: a transaction each, in one round trip."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from .catalog.load import load
from .catalog.model import Catalog
from .errors import Refusal
from .respond import Row
from .settings import Settings
from .statement import Plan, Statement

Connection = AsyncConnection[Any]
Pairs = Sequence[tuple[str, str]]
_PREPARE_AT = 2  # the second time that a statement is seen
_PREPARED = 300  # statements a connection
_ISOLATIONS = {"read committed", "repeatable read", "serializable", "read uncommitted"}


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction: its settings in their order, its plan, and what may refuse its row."""

    settings: Pairs
    plan: Plan
    isolation: str = "read committed"
    check: Callable[[Row], None] | None = None
    roll_back: bool = False
    max_rows: int | None = None


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
            kwargs={"autocommit": True, "cursor_factory": AsyncRawCursor},
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
            if work.check is None and not work.roll_back and work.plan.estimate is None:
                return await _at_once(connection, work)
            return await _step_by_step(connection, work)
        finally:
            await _leave_clean(connection)
            await self._pool.putconn(connection)

    async def query(self, settings: Pairs, text: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a statement that only reads, under these settings."""
        connection = await self._connection()
        try:
            async with connection.pipeline():
                await connection.execute(b"BEGIN READ ONLY")
                await connection.execute(*_set_all(settings))
                cursor = await connection.execute(text.encode(), values)
                await connection.execute(b"COMMIT")
            return await cursor.fetchall()
        finally:
            await _leave_clean(connection)
            await self._pool.putconn(connection)

    async def _connection(self) -> Connection:
        try:
            return await self._pool.getconn()
        except PoolTimeout:
            if self._pool.get_stats().get("pool_size"):
                message = "Timed out acquiring connection from connection pool."
                raise Refusal(504, "PGRST003", message) from None
            message = "Database connection error. Retrying the connection."
            raise Refusal(503, "PGRST000", message) from None


async def _configure(connection: Connection) -> None:
    connection.prepare_threshold = _PREPARE_AT
    connection.prepared_max = _PREPARED


async def _leave_clean(connection: Connection) -> None:
    """End a transaction that failed, so that nothing of it reaches the next request."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        await connection.rollback()


def _begin(work: Work) -> bytes:
    level = work.isolation.lower()
    if level not in _ISOLATIONS:
        raise ValueError(f"unknown isolation level: {work.isolation}")
    mode = "READ ONLY" if work.plan.read_only else "READ WRITE"
    return f"BEGIN ISOLATION LEVEL {level.upper()} {mode}".encode()


def _set_all(settings: Pairs) -> tuple[bytes, list[str]]:
    """One statement for all settings, local to the transaction."""
    calls = (f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(len(settings)))
    return f"select {', '.join(calls)}".encode(), [text for pair in settings for text in pair]


async def _execute(connection: Connection, statement: Statement) -> AsyncRawCursor[Any]:
    cursor = AsyncRawCursor(connection)
    return await cursor.execute(statement.text.encode(), statement.values)


async def _at_once(connection: Connection, work: Work) -> Row:
    """Everything in one round trip, up to the COMMIT."""
    async with connection.pipeline():
        await connection.execute(_begin(work))
        await connection.execute(*_set_all(work.settings))
        main = await _execute(connection, work.plan.main)
        await connection.execute(b"COMMIT")
    return await _row(main)


async def _step_by_step(connection: Connection, work: Work) -> Row:
    """The row is looked at first; only then the transaction ends."""
    estimate = None
    async with connection.pipeline():
        await connection.execute(_begin(work))
        await connection.execute(*_set_all(work.settings))
        main = await _execute(connection, work.plan.main)
        if work.plan.estimate is not None:
            estimate = await _execute(connection, work.plan.estimate)
    row = await _row(main)
    if (planned := await _planned_rows(estimate)) is not None:
        row = replace(row, total=best_total(row.total, planned, work.max_rows))
    if work.check is not None:
        work.check(row)
    if work.roll_back:
        await connection.execute(b"SET CONSTRAINTS ALL IMMEDIATE")
    await connection.execute(b"ROLLBACK" if work.roll_back else b"COMMIT")
    return row


async def _planned_rows(cursor: AsyncRawCursor[Any] | None) -> int | None:
    if cursor is None:
        return None
    found = await cursor.fetchone()
    explained = found[0] if found else None
    if isinstance(explained, str | bytes):
        explained = json.loads(explained)
    return int(explained[0]["Plan"]["Plan Rows"]) if explained else None


def best_total(counted: int | None, planned: int, max_rows: int | None) -> int:
    """The count where it is exact; the planner's where counting was not done or was cut short."""
    if counted is None:
        return planned
    cut_short = max_rows is None or counted > max_rows
    return max(counted, planned) if cut_short else counted


async def _row(cursor: AsyncRawCursor[Any]) -> Row:
    """The row of a plan; functions that return no row count as an empty answer."""
    found = await cursor.fetchone()
    if found is None:
        return Row(0, 0, b"[]")
    total, page, body, headers, status, location, inserted = found
    raw = body.encode() if isinstance(body, str) else bytes(body or b"")
    return Row(total, page, raw, headers, status, tuple(location or ()), inserted)
