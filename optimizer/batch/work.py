"""What a batch asks of each kind of write: how to send rows, read answers, and look for rows whose
answer was lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from optimizer.batch.judging import rows_of
from optimizer.batch.requests import Request, Send, Target
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import Chunk, Entry, Limits, Row, RowOutcome, RowStatus
from optimizer.domain.folding import cut_by_url
from optimizer.domain.identity import holds, pair

_MOST_FOUND = 500  # rows in an answer; Supabase cuts answers off at 1,000 where nobody set less


class Away(Exception):  # noqa: N818 - named for what happened; the batch itself catches it
    """The upstream cannot be asked now."""


class Refused(Exception):  # noqa: N818
    """The upstream answered a question with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer tells of the rows that were sent.

    `rest`: rows that are still to be sent, or where `lost`, to be looked for.
    """

    outcomes: Sequence[RowOutcome]
    rest: Chunk | None = None
    lost: bool = False


class Work(Protocol):
    """One kind of write on one table."""

    def request(self, chunk: Chunk) -> Request:
        """The request that writes these rows."""

    def read(self, chunk: Chunk, answer: Answer) -> Reading:
        """Read a successful answer to it."""

    def can_settle(self, chunk: Chunk) -> bool:
        """Whether it can be found out what became of these rows."""

    async def settle(self, chunk: Chunk, ask: Send) -> Reading:
        """Find out what became of rows whose answer was lost.

        `ask` gives successful answers and raises Away or Refused.
        """

    def another_way(self, chunk: Chunk, answer: Answer) -> "list[Job]":
        """How else these rows can be written, after this refusal; nothing where there is none."""


@dataclass(frozen=True, slots=True)
class Job:
    """Rows to be written, and how often that was tried."""

    work: Work
    chunk: Chunk
    lost: bool = False  # they may be stored already: look first
    tries: int = 0  # after failures that were nobody's fault
    rounds: int = 0  # of looking for them
    until: float | None = None  # loop time at which looking for them ends

    def on(self, chunk: Chunk, *, lost: bool | None = None) -> "Job":
        """The same for some of the rows."""
        return replace(self, chunk=chunk, lost=self.lost if lost is None else lost)


def outcome(
    entry: Entry, status: RowStatus, row: Row | None = None, error: dict[str, Any] | None = None
) -> RowOutcome:
    """One row's outcome, with PostgREST's words or ours."""
    said = error or {}
    key = ",".join(entry.key) if entry.key else None
    code, message, details = said.get("code"), said.get("message"), said.get("details")
    return RowOutcome(entry.index, status, row, code, message, details, key)


def paired(
    chunk: Chunk, rows: Iterable[Row], key: Sequence[str], *, once: bool = True
) -> list[tuple[Entry, Row | None]]:
    """Each entry with the row that has its key, or with None."""
    found = pair([entry.key or () for entry in chunk.entries], rows, key, once=once)
    return list(zip(chunk.entries, found, strict=True))


async def look_up(
    target: Target, chunk: Chunk, key: Sequence[str], limits: Limits, ask: Send
) -> list[tuple[Entry, Row | None]]:
    """Ask which of the rows are there; two that name the same one both find it.

    Raises Away or Refused.
    """
    few = replace(limits, rows=min(limits.rows, _MOST_FOUND))
    found: list[tuple[Entry, Row | None]] = []
    for part in cut_by_url(chunk.entries, few):
        found += await _looked_up(target, part, key, ask)
    return found


async def _looked_up(
    target: Target, chunk: Chunk, key: Sequence[str], ask: Send
) -> list[tuple[Entry, Row | None]]:
    """Ask again for what did not come, as long as anything does: `db-max-rows` cuts an answer off
    without a word."""
    rows = rows_of(await ask(target.ask(chunk, key))) or ()
    pairs = paired(chunk, rows, key, once=False)
    there = [pair for pair in pairs if pair[1] is not None]
    missing = [pair for pair in pairs if pair[1] is None]
    if not (there and missing):
        return pairs
    left = Chunk(tuple(entry for entry, _ in missing))
    return [*there, *await _looked_up(target, left, key, ask)]


def resent(found: Iterable[tuple[Entry, Row | None]]) -> Reading:
    """Rows that hold what was sent are done; the others are to be sent again."""
    done: list[RowOutcome] = []
    rest: list[Entry] = []
    for entry, row in found:
        if row is not None and holds(row, entry.row):
            done.append(outcome(entry, RowStatus.DONE, row))
        else:
            rest.append(entry)
    return Reading(done, Chunk(tuple(rest)) if rest else None)
