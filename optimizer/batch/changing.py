"""Updates and deletes of many rows, each named by its key."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from optimizer.batch import checks
from optimizer.batch.judging import is_missing_function, rows_of
from optimizer.batch.requests import Request, Send, Target
from optimizer.batch.work import Job, Reading, Work, look_up, outcome, paired, resent
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import Chunk, Entry, Limits, Row, RowOutcome, RowStatus
from optimizer.domain.facts import Operation
from optimizer.domain.folding import Plan, cut_by_url, fold, plan_updates

_NO_ROW = {"message": "there is no such row, or this caller may not change it"}
_GONE = {"message": "the row is not there; whether it was before the batch is not known"}


class _Changing:
    """What updates and deletes share: rows that come back were changed, others matched nothing."""

    def __init__(self, target: Target, limits: Limits, key: str) -> None:
        self._target = target
        self._limits = limits
        self._key = key

    def read(self, chunk: Chunk, answer: Answer) -> Reading:
        """A row that did not come back is not there, or not this caller's."""
        return self._told(chunk, rows_of(answer) or ())

    def can_settle(self, chunk: Chunk) -> bool:
        """Each row is named by its key."""
        return True

    def another_way(self, chunk: Chunk, answer: Answer) -> list[Job]:
        """There is none."""
        return []

    async def settle(self, chunk: Chunk, ask: Send) -> Reading:
        """Look at what is there; what does not hold the changes is changed again."""
        found = await self._look_up(chunk, ask)
        absent = [_skipped(entry) for entry, row in found if row is None]
        told = resent(pair for pair in found if pair[1] is not None)
        return Reading([*absent, *told.outcomes], told.rest)

    def _told(self, chunk: Chunk, rows: Sequence[Row]) -> Reading:
        pairs = paired(chunk, rows, [self._key])
        return Reading([_done(e, row) if row is not None else _skipped(e) for e, row in pairs])

    async def _look_up(self, chunk: Chunk, ask: Send) -> list[tuple[Entry, Row | None]]:
        return await look_up(self._target, chunk, [self._key], self._limits, ask)


class _Patching(_Changing):
    """Changes rows that change alike with one PATCH."""

    def request(self, chunk: Chunk) -> Request:
        """One PATCH."""
        return self._target.update(chunk, [self._key])


class Updating(_Changing):
    """Changes rows, never inserting one: equal changes in a PATCH, others by the SQL function.

    Where the function is not installed, each group of equal changes takes a PATCH of its own.
    """

    operation: ClassVar = Operation.UPDATE
    distinct: ClassVar = True

    def __init__(self, target: Target, limits: Limits, key: str) -> None:
        super().__init__(target, limits, key)
        self._patching: Work = _Patching(target, limits, key)
        self._has_function = True  # until an answer says that it is missing

    def entry(self, index: int, row: Any) -> Entry:
        """Take a row in; raises BatchError."""
        self._target.require_own(index, row)
        return checks.changed_row(index, row, self._key, self._limits)

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Job]:
        """Share rows out."""
        for plan in plan_updates(entries, self._limits):
            yield from self._planned(plan)

    def request(self, chunk: Chunk) -> Request:
        """One call of the function."""
        return self._target.update_each(chunk, self._key)

    def another_way(self, chunk: Chunk, answer: Answer) -> list[Job]:
        """Without the function, PATCHes."""
        if not is_missing_function(answer):
            return []
        self._has_function = False
        return self._folded(chunk)

    def _planned(self, plan: Plan) -> Iterator[Job]:
        for chunk in plan.varied:  # first: one call tells whether the function is there
            yield from [Job(self, chunk)] if self._has_function else self._folded(chunk)
        for chunk in plan.equal:
            yield Job(self._patching, chunk)

    def _folded(self, chunk: Chunk) -> list[Job]:
        return [Job(self._patching, part) for part in fold(chunk.entries, self._limits)]


class Deleting(_Changing):
    """Deletes rows; outcomes hold them as they were."""

    operation: ClassVar = Operation.DELETE
    distinct: ClassVar = True

    def entry(self, index: int, row: Any) -> Entry:
        """Take a key in; raises BatchError."""
        return checks.deleted_row(index, row, self._key)

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Job]:
        """Share rows out."""
        for chunk in cut_by_url(entries, self._limits):
            yield Job(self, chunk)

    def request(self, chunk: Chunk) -> Request:
        """One DELETE."""
        return self._target.delete(chunk, [self._key])

    async def settle(self, chunk: Chunk, ask: Send) -> Reading:
        """Delete again: if any row comes back, the first attempt had deleted none.

        If none does, it deleted those that are not there now, or they never were.
        """
        rows = rows_of(await ask(self._target.delete(chunk, [self._key]))) or ()
        if rows:
            return self._told(chunk, rows)
        found = await self._look_up(chunk, ask)
        return Reading([_gone(entry) if row is None else _skipped(entry) for entry, row in found])


def _done(entry: Entry, row: Row) -> RowOutcome:
    return outcome(entry, RowStatus.DONE, row)


def _skipped(entry: Entry) -> RowOutcome:
    return outcome(entry, RowStatus.SKIPPED, None, _NO_ROW)


def _gone(entry: Entry) -> RowOutcome:
    return outcome(entry, RowStatus.DONE, None, _GONE)
