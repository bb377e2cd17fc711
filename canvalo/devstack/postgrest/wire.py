"""Statements that are sent in one write and answered in one read.

psycopg's own pipeline waits for the socket after each statement; here there is one wait in all,
which saves a third of the time that a small page takes. What is sent up to the Sync message is one
transaction to PostgreSQL, which ends by itself: to read, it needs no BEGIN and no COMMIT.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, Error, OperationalError, pq
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGconn, PGresult

from .statement import Statement

Connection = AsyncConnection[Any]
Names = dict[str, bytes]  # of the statements that a connection has prepared, by their text
_MOST = 300  # prepared statements of one connection
_prepared: WeakKeyDictionary[Connection, Names] = WeakKeyDictionary()
_numbers = count()  # a name is never used again: nobody has to know whether it was taken


async def run(connection: Connection, statements: Sequence[Statement]) -> list[PGresult]:
    """A result for each statement; psycopg.Error as PostgreSQL or the connection fails.

    Values are text, or bytes for bytea; no text holds a NUL character. A connection whose answer
    is not waited for (a cancelled request) is closed, so that nobody else gets that answer.
    """
    finished = False
    try:
        results = await _exchange(connection, statements)
        finished = True
    finally:
        if not finished:
            await connection.close()
    failed = _failed(results)
    if failed is not None:
        raise error_from_result(failed, encoding="utf-8")
    return results


async def _exchange(connection: Connection, statements: Sequence[Statement]) -> list[PGresult]:
    wire, names = connection.pgconn, _prepared.setdefault(connection, {})
    wire.enter_pipeline_mode()
    sent = [command for s in statements for command in _send(wire, names, s)]
    wire.pipeline_sync()
    results = await _answers(wire)
    wire.exit_pipeline_mode()
    for made, result in zip(sent, results, strict=False):
        if made and result.status == pq.ExecStatus.COMMAND_OK:
            names.update(made)
    failed = _failed(results)
    if failed is not None:
        return [failed]
    return [result for made, result in zip(sent, results, strict=True) if not made]


def _send(wire: PGconn, names: Names, statement: Statement) -> list[Names]:
    """Send a statement; for each command that this took, what it prepares."""
    values = [v if isinstance(v, bytes) else v.encode() for v in statement.values]
    formats = [int(isinstance(v, bytes)) for v in statement.values]
    name = names.get(statement.text)
    if name is None and len(names) < _MOST:
        name = f"standin_{next(_numbers)}".encode()
        wire.send_prepare(name, statement.text.encode())
        wire.send_query_prepared(name, values, formats)
        return [{statement.text: name}, {}]
    if name is None:
        wire.send_query_params(statement.text.encode(), values, param_formats=formats)
    else:
        wire.send_query_prepared(name, values, formats)
    return [{}]


async def _answers(wire: PGconn) -> list[PGresult]:
    """Every result up to the Sync's."""
    while wire.flush():
        await _ready(wire, writing=True)
        wire.consume_input()
    found: list[PGresult] = []
    while (result := await _next(wire)) is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
        found += [result] if result is not None else []  # None parts the statements' results
        if wire.status == pq.ConnStatus.BAD:
            raise _lost(found)
    return found


async def _next(wire: PGconn) -> PGresult | None:
    while wire.is_busy():
        await _ready(wire)
        wire.consume_input()
    return wire.get_result()


def _failed(results: list[PGresult]) -> PGresult | None:
    return next((r for r in results if r.status == pq.ExecStatus.FATAL_ERROR), None)


def _lost(results: list[PGresult]) -> Error:
    """Why the connection was cut, where PostgreSQL had time to say it."""
    failed = _failed(results)
    if failed is None:
        return OperationalError("the connection is lost")
    return error_from_result(failed, encoding="utf-8")


async def _ready(wire: PGconn, *, writing: bool = False) -> None:
    """Wait until the socket can be read, or written where that is wanted too."""
    loop, number = asyncio.get_running_loop(), wire.socket
    ready = loop.create_future()
    loop.add_reader(number, _done, ready)
    if writing:
        loop.add_writer(number, _done, ready)
    try:
        await ready
    finally:
        loop.remove_reader(number)
        loop.remove_writer(number)


def _done(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
