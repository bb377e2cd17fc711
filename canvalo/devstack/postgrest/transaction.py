"""One transaction a request: its settings, its statement, and what may refuse its row."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from . import wire
from .errors import Refusal
from .respond import Row
from .statement import Plan, Statement
from .wire import Connection

Pairs = Sequence[tuple[str, str]]
USUAL = "read committed"  # what every connection is set to
_ISOLATIONS = {USUAL, "repeatable read", "serializable", "read uncommitted"}
_READ_ONLY = ("transaction_read_only", "on")
_COMMIT, _ROLL_BACK = Statement("COMMIT"), Statement("ROLLBACK")
_NOW = Statement("SET CONSTRAINTS ALL IMMEDIATE")
_BYTEA = 17  # the type's oid


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction: its settings in their order, its plan, and what may refuse its row."""

    settings: Pairs
    plan: Plan
    isolation: str = USUAL
    check: Callable[[Row], None] | None = None
    roll_back: bool = False
    max_rows: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it can be committed without a look at its row."""
        return self.check is None and not self.roll_back and self.plan.estimate is None


async def run(connection: Connection, work: Work) -> Row:
    """Carry out one transaction and leave the connection without any.

    Raises psycopg.Error as PostgreSQL does, Refusal where the row or a value is refused; nothing
    is changed then.
    """
    _refuse_nul(work)
    try:
        if not work.is_plain:
            return await _step_by_step(connection, work)
        if work.plan.read_only and work.isolation == USUAL:
            return _row(await read(connection, work.settings, work.plan.main))
        return _row((await wire.run(connection, [*_opening(work), _COMMIT]))[2])
    finally:
        await _leave_clean(connection)


async def read(connection: Connection, settings: Pairs, statement: Statement) -> PGresult:
    """The result of a statement that only reads, under these settings, without BEGIN and COMMIT."""
    setting = set_all([_READ_ONLY, *settings])
    return (await wire.run(connection, [setting, statement]))[-1]


async def _step_by_step(connection: Connection, work: Work) -> Row:
    """The row is looked at first; only then the transaction ends."""
    estimate = [work.plan.estimate] if work.plan.estimate is not None else []
    results = await wire.run(connection, [*_opening(work), *estimate])
    row = _row(results[2])
    if estimate:
        total = best_total(row.total, _planned_rows(results[3]), work.max_rows)
        row = replace(row, total=total)
    if work.check is not None:
        work.check(row)
    await wire.run(connection, [_NOW, _ROLL_BACK] if work.roll_back else [_COMMIT])
    return row


async def _leave_clean(connection: Connection) -> None:
    """End a transaction that failed, so that nothing of it reaches the next request."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        await connection.rollback()


def _refuse_nul(work: Work) -> None:
    """No text of PostgreSQL holds that character; it says so in these words."""
    values = (*work.plan.main.values, *(value for _, value in work.settings))
    if any(isinstance(value, str) and "\0" in value for value in values):
        message = 'invalid byte sequence for encoding "UTF8": 0x00'
        raise Refusal(400, "22021", message)


def _opening(work: Work) -> list[Statement]:
    return [_begin(work), set_all(work.settings), work.plan.main]


def _begin(work: Work) -> Statement:
    level = work.isolation.lower()
    if level not in _ISOLATIONS:
        raise ValueError(f"unknown isolation level: {work.isolation}")
    mode = "READ ONLY" if work.plan.read_only else "READ WRITE"
    return Statement(f"BEGIN ISOLATION LEVEL {level.upper()} {mode}")


def set_all(settings: Pairs) -> Statement:
    """One statement for all settings, local to the transaction."""
    texts = tuple(text for pair in settings for text in pair)
    return Statement(_set_config(len(settings)), texts)


@cache
def _set_config(count: int) -> str:
    calls = (f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(count))
    return f"select {', '.join(calls)}"


def _planned_rows(result: PGresult) -> int:
    explained = json.loads(result.get_value(0, 0) or b"[]")
    return int(explained[0]["Plan"]["Plan Rows"])


def best_total(counted: int | None, planned: int, max_rows: int | None) -> int:
    """The count where it is exact; the planner's where counting was not done or was cut short."""
    if counted is None:
        return planned
    cut_short = max_rows is None or counted > max_rows
    return max(counted, planned) if cut_short else counted


def _row(result: PGresult) -> Row:
    """The row of a plan; functions that return no row count as an empty answer."""
    if not result.ntuples:
        return Row(0, 0, b"[]")
    total, page, body, headers, status, location, inserted = (
        result.get_value(0, column) for column in range(7)
    )
    if body is not None and result.ftype(2) == _BYTEA:
        body = pq.Escaping().unescape_bytea(body)
    return Row(
        None if total is None else int(total),
        int(page or 0),
        body or b"",
        None if headers is None else headers.decode(),
        None if status is None else status.decode(),
        () if location is None else tuple(rows_of(result)[0][5]),
        None if inserted is None else int(inserted),
    )


def rows_of(result: PGresult) -> list[tuple[Any, ...]]:
    """The rows of a result as Python's values."""
    transformer = Transformer()
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
