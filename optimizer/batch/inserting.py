"""Inserts and upserts of many rows."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from optimizer.batch import checks
from optimizer.batch.judging import rows_of
from optimizer.batch.requests import Request, Send, Target
from optimizer.batch.work import Job, Reading, look_up, outcome, paired, resent
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import Chunk, Entry, Key, Limits, Row, RowOutcome, RowStatus, split
from optimizer.domain.facts import Operation
from optimizer.domain.identity import holds
from optimizer.errors import BatchError

_LEFT_OUT = {"message": "the row was not stored, and no error was given"}
_HIDDEN = {
    "message": "the row was not stored: one with its key is there that this caller may not see, "
    "or a trigger left it out"
}
_TAKEN = {"code": "23505", "message": "a row with this key, but with other values, is there"}
_TWICE = {"code": "23505", "message": "a row with this key came before it"}


class _New:
    """What inserts and upserts share: rows that come back in the order in which they were sent.

    `key`: columns of a unique index; a row that has values in all of them can be looked for.
    """

    def __init__(self, target: Target, limits: Limits, key: Sequence[str]) -> None:
        self._target = target
        self._limits = limits
        self._key = key
        self._generate = False

    def entry(self, index: int, row: Any) -> Entry:
        """Take a row in; raises BatchError."""
        owned = self._target.owned(index, row)
        return checks.new_row(index, owned, self._key, self._generate, self._limits)

    def read(self, chunk: Chunk, answer: Answer) -> Reading:
        """Match the rows that came back with those that were sent."""
        rows = rows_of(answer)
        if rows is None:
            return _all(chunk, RowStatus.DONE)
        if len(rows) == len(chunk):
            return Reading(list(map(self._done, chunk.entries, rows)))
        if not rows:
            return _all(chunk, RowStatus.SKIPPED, _LEFT_OUT)
        return self._read_some(chunk, rows)

    def can_settle(self, chunk: Chunk) -> bool:
        """Whether each row has a key."""
        return chunk.is_keyed

    def another_way(self, chunk: Chunk, answer: Answer) -> list[Job]:
        """There is none."""
        return []

    def _read_some(self, chunk: Chunk, rows: Sequence[Row]) -> Reading:
        """A trigger left rows out, or the answer was cut off; without keys nobody says which."""
        if not self.can_settle(chunk):
            said = f"{len(rows)} of the {len(chunk)} rows sent were stored"
            return _all(chunk, RowStatus.UNKNOWN, {"message": said})
        done, missing = self._sorted(chunk, rows)
        return Reading(done, missing or None, lost=True)

    def _sorted(self, chunk: Chunk, rows: Sequence[Row]) -> tuple[list[RowOutcome], Chunk]:
        """Outcomes of the rows that are among these, and the others."""
        pairs = paired(chunk, rows, self._key)
        done = [self._done(entry, row) for entry, row in pairs if row is not None]
        return done, Chunk(tuple(entry for entry, row in pairs if row is None))

    def _done(self, entry: Entry, row: Row) -> RowOutcome:
        return outcome(entry, RowStatus.DONE, row)


class Inserting(_New):
    """Inserts rows; one with a key is never stored twice, whatever becomes of an answer.

    `generate` gives rows without a key a random one. `resume`: rows may be stored already, by a
    batch whose outcome was not learnt.
    """

    operation: ClassVar = Operation.INSERT
    distinct: ClassVar = False

    def __init__(
        self,
        target: Target,
        limits: Limits,
        key: Sequence[str],
        generate: bool = False,
        resume: bool = False,
    ) -> None:
        super().__init__(target, limits, key)
        self._generate = generate
        self._resume = resume
        self._taken: dict[Key, int] = {}  # which of our rows is stored under a key

    def entry(self, index: int, row: Any) -> Entry:
        """Take a row in; raises BatchError."""
        made = super().entry(index, row)
        if self._resume and (made.key is None or made.own_key):
            raise BatchError(f"row {index}: to resume, each row needs its {', '.join(self._key)}")
        return made

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Job]:
        """Share rows out."""
        self._taken.clear()
        for chunk in split(entries, self._limits):
            yield Job(self, chunk, lost=self._resume)

    def _done(self, entry: Entry, row: Row) -> RowOutcome:
        if entry.key is not None:
            self._taken[entry.key] = entry.index
        return super()._done(entry, row)

    def request(self, chunk: Chunk) -> Request:
        """One bulk insert."""
        return self._target.insert(chunk)

    async def settle(self, chunk: Chunk, ask: Send) -> Reading:
        """Send them again, in a form that passes over what is there, and look at what was."""
        answer = await ask(self._target.insert(chunk, "ignore-duplicates", self._key))
        done, missing = self._sorted(chunk, rows_of(answer) or ())
        there = await look_up(self._target, missing, self._key, self._limits, ask)
        return Reading([*done, *(self._judged(entry, row) for entry, row in there)])

    def _judged(self, entry: Entry, row: Row | None) -> RowOutcome:
        """A row that was passed over: ours, if it holds what was sent, or somebody else's."""
        if row is None:
            return outcome(entry, RowStatus.SKIPPED, None, _HIDDEN)
        if self._taken.get(entry.key or (), entry.index) != entry.index:
            return outcome(entry, RowStatus.FAILED, None, _TWICE)
        if entry.own_key or holds(row, entry.row):
            return self._done(entry, row)
        return outcome(entry, RowStatus.FAILED, None, _TAKEN)


class Upserting(_New):
    """Inserts rows, or overwrites those that are there, in the columns that a row names."""

    operation: ClassVar = Operation.UPSERT
    distinct: ClassVar = True

    def __init__(self, target: Target, limits: Limits, key: Sequence[str]) -> None:
        if not set(target.owner) <= set(key):
            raise BatchError(
                "an upsert by user id alone could overwrite another's row: pass the user's token, "
                f"or a conflict target with {', '.join(target.owner)} in it"
            )
        super().__init__(target, limits, key)

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Job]:
        """Share rows out."""
        for chunk in split(entries, self._limits):
            yield Job(self, chunk)

    def request(self, chunk: Chunk) -> Request:
        """One bulk upsert."""
        return self._target.insert(chunk, "merge-duplicates", self._key)

    async def settle(self, chunk: Chunk, ask: Send) -> Reading:
        """Look at what is there; what does not hold what was sent is sent again."""
        there = await look_up(self._target, chunk, self._key, self._limits, ask)
        return resent(there)


def _all(chunk: Chunk, status: RowStatus, error: dict[str, Any] | None = None) -> Reading:
    return Reading([outcome(entry, status, None, error) for entry in chunk.entries])
