"""Inserting many rows in few calls, with an outcome for each row."""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Chunk, Row, RowOutcome, RowStatus, halves, split
from optimizer.domain.facts import BatchFlushed, Emit, Operation
from optimizer.errors import BatchError, OutcomeUnknown

Insert = Callable[[Sequence[Row]], Awaitable[Answer]]
# Answers that another cut of the rows cannot change: no right, no table, no such column.
_INCURABLE_STATUS = frozenset({401, 403, 404})
_INCURABLE_CODE = frozenset({"PGRST204", "PGRST205", "42703"})


@dataclass(slots=True)
class _Run:
    """One batch under way."""

    insert: Insert
    outcomes: dict[int, RowOutcome]
    calls: int = 0
    stopped: bool = False


class BatchWriter:
    """Writes rows chunk by chunk; `insert` sends one bulk request and returns its answer."""

    def __init__(self, insert: Insert, size: int, emit: Emit) -> None:
        self._insert = insert
        self._size = size
        self._emit = emit

    async def insert(self, relation: str, rows: Sequence[Row]) -> BatchResult:
        """Insert all rows that can be inserted; one bad row costs no other row its place.

        Raises BatchError where a row is not a JSON object; nothing is sent then.
        """
        if not all(isinstance(row, dict) for row in rows):
            raise BatchError("each row of a batch must be an object of column names and values")
        start = time.perf_counter()
        run = _Run(self._insert, {})
        for chunk in split(rows, self._size):
            await _insert(run, chunk)
        result = _result(run, len(rows), time.perf_counter() - start)
        self._emit(
            BatchFlushed(
                relation, Operation.INSERT, len(rows), result.failed, run.calls, result.seconds
            )
        )
        return result


async def _insert(run: _Run, chunk: Chunk) -> None:
    """Send a chunk; where it fails, cut it in two until the bad rows stand alone."""
    if run.stopped:
        return
    run.calls += 1
    try:
        answer = await run.insert(chunk.rows)
    except OutcomeUnknown as error:
        _note(run, chunk, RowStatus.UNKNOWN, {"message": str(error)})
        return
    if answer.status < 300:
        _note_done(run, chunk, answer)
    elif len(chunk.rows) > 1 and not _incurable(answer):
        for half in halves(chunk):
            await _insert(run, half)
    else:
        run.stopped = _incurable(answer)
        _note(run, chunk, RowStatus.FAILED, _error(answer))


def _note_done(run: _Run, chunk: Chunk, answer: Answer) -> None:
    stored = json.loads(answer.body) if answer.body else [None] * len(chunk.rows)
    for index, row in zip(chunk.indexes, stored, strict=True):
        run.outcomes[index] = RowOutcome(index, RowStatus.DONE, row)


def _note(run: _Run, chunk: Chunk, status: RowStatus, error: dict[str, Any]) -> None:
    for index in chunk.indexes:
        run.outcomes[index] = RowOutcome(
            index, status, None, error.get("code"), error.get("message"), error.get("details")
        )


def _incurable(answer: Answer) -> bool:
    code = _error(answer).get("code")
    return answer.status in _INCURABLE_STATUS or code in _INCURABLE_CODE


def _error(answer: Answer) -> dict[str, Any]:
    """Read PostgREST's error object; a gateway's page becomes its status."""
    try:
        error = json.loads(answer.body)
    except ValueError:
        error = None
    return error if isinstance(error, dict) else {"message": f"HTTP {answer.status}"}


def _result(run: _Run, count: int, seconds: float) -> BatchResult:
    missing = (RowOutcome(i, RowStatus.NOT_ATTEMPTED) for i in range(count))
    outcomes = tuple(run.outcomes.get(o.index, o) for o in missing)
    return BatchResult(outcomes, run.calls, seconds)
