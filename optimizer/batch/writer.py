"""Inserting, updating and deleting many rows in few calls, with an outcome for each row."""

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from optimizer.batch.judging import rows_of
from optimizer.batch.run import P, Run
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Chunk, Row, RowStatus, split
from optimizer.domain.facts import BatchFlushed, Emit, Operation
from optimizer.domain.folding import Keyed, fold_deletes, fold_updates
from optimizer.errors import BatchError

Insert = Callable[[Sequence[Row]], Awaitable[Answer]]
Change = Callable[[Keyed], Awaitable[Answer]]
KEY = "id"
_NO_ROW = {"message": "there is no such row, or this caller may not change it"}


class BatchWriter:
    """Writes rows chunk by chunk; the callables send one request each and return its answer.

    Partial success is normal and no exception: one bad row costs no other row its place. What is
    wrong with the rows themselves raises BatchError before anything is sent.
    """

    def __init__(self, size: int, emit: Emit) -> None:
        self._size = size
        self._emit = emit

    async def insert(self, relation: str, rows: Sequence[Row], send: Insert) -> BatchResult:
        """Insert all rows that can be inserted; outcomes hold the rows as stored."""
        check_rows(rows)

        async def send_chunk(chunk: Chunk) -> Answer:
            return await send(chunk.rows)

        run: Run[Chunk] = Run(send_chunk, _accept_inserted)
        pieces = split(rows, self._size)
        return await self._finish(run, pieces, relation, Operation.INSERT, len(rows))

    async def update(self, relation: str, rows: Sequence[Row], send: Change) -> BatchResult:
        """Change each row, named by its `id`, in what else it holds; equal changes share a call."""
        check_changes(rows)
        run: Run[Keyed] = Run(send, _accept_changed)
        pieces = fold_updates(rows, KEY, self._size)
        return await self._finish(run, pieces, relation, Operation.UPDATE, len(rows))

    async def delete(self, relation: str, keys: Sequence[Any], send: Change) -> BatchResult:
        """Delete the rows with these ids; outcomes hold them as they were."""
        check_keys(keys)
        run: Run[Keyed] = Run(send, _accept_changed)
        pieces = fold_deletes(keys, self._size)
        return await self._finish(run, pieces, relation, Operation.DELETE, len(keys))

    async def _finish(
        self, run: Run[P], pieces: Iterable[P], relation: str, operation: Operation, count: int
    ) -> BatchResult:
        start = time.perf_counter()
        for piece in pieces:
            await run.carry_out(piece)
        result = run.result(count, time.perf_counter() - start)
        self._emit(
            BatchFlushed(relation, operation, count, result.failed, run.calls, result.seconds)
        )
        return result


def _accept_inserted(run: Run[Chunk], chunk: Chunk, answer: Answer) -> None:
    found = rows_of(answer)
    stored = [None] * len(chunk.rows) if found is None else found
    if len(stored) != len(chunk.rows):  # a trigger may leave rows out, and does not say which
        said = {"message": f"{len(stored)} of the {len(chunk.rows)} rows sent were stored"}
        run.note(chunk, RowStatus.SKIPPED if not stored else RowStatus.UNKNOWN, said)
        return
    for index, row in zip(chunk.indexes, stored, strict=True):
        run.done(index, row)


def _accept_changed(run: Run[Keyed], piece: Keyed, answer: Answer) -> None:
    """Rows that came back were changed; one that did not is not there, or not this caller's."""
    changed = {str(row.get(KEY)): row for row in rows_of(answer) or ()}
    for index, key in zip(piece.indexes, piece.keys, strict=True):
        if key in changed:
            run.done(index, changed[key])
        else:
            run.note_one(index, RowStatus.SKIPPED, _NO_ROW)


def check_rows(rows: Sequence[Any]) -> None:
    """Raise BatchError for what cannot be sent: found halfway it would leave a part stored."""
    for index, row in enumerate(rows):
        _check(index, row)


def check_changes(rows: Sequence[Any]) -> None:
    """Raise BatchError where a row cannot be sent, names no row, or one that is named already."""
    check_rows(rows)
    for index, row in enumerate(rows):
        _require_key(index, row)
    check_keys([row[KEY] for row in rows])


def check_keys(keys: Sequence[Any]) -> None:
    """Raise BatchError where something is no key, or is named twice."""
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise BatchError(f"row {index}: a key is a text or a number, not {key!r}")
        if str(key) in seen:
            raise BatchError(f"row {index}: {key} is named twice; which change comes last is open")
        seen.add(str(key))


def _check(index: int, row: Any) -> None:
    if not isinstance(row, dict):
        raise BatchError(f"row {index}: each row must be an object of column names and values")
    try:
        json.dumps(row, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BatchError(f"row {index} cannot be written as JSON: {error}") from error


def _require_key(index: int, row: Row) -> None:
    if row.get(KEY) is None:
        raise BatchError(f"row {index}: an update names its row by `{KEY}`")
    if len(row) == 1:
        raise BatchError(f"row {index}: nothing is to be changed but for its `{KEY}`")
