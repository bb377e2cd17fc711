"""Splitting rows into chunks, and the outcome of each row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Row = Mapping[str, Any]


class RowStatus(StrEnum):
    """What became of one row."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of the input row at `index`; `row` is as stored, errors are PostgREST's."""

    index: int
    status: RowStatus
    row: Row | None = None
    code: str | None = None
    message: str | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome for each input row, in input order, and what it took."""

    outcomes: tuple[RowOutcome, ...]
    calls: int
    seconds: float
    succeeded: int = field(init=False)
    failed: int = field(init=False)

    def __post_init__(self) -> None:
        done = sum(o.status is RowStatus.DONE for o in self.outcomes)
        object.__setattr__(self, "succeeded", done)
        object.__setattr__(self, "failed", len(self.outcomes) - done)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that share one set of columns, with their places in the input."""

    indexes: tuple[int, ...]
    rows: tuple[Row, ...]

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Cut a failing chunk in two, to find the row that fails it."""
        middle = len(self.rows) // 2
        return (
            Chunk(self.indexes[:middle], self.rows[:middle]),
            Chunk(self.indexes[middle:], self.rows[middle:]),
        )


def split(rows: Sequence[Row], size: int) -> Iterator[Chunk]:
    """Group rows by their key set, then cut each group into chunks of at most `size` rows.

    PostgREST writes NULL into columns that a row of a mixed bulk request does not mention.
    """
    groups: dict[frozenset[str], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(frozenset(row), []).append(index)
    for indexes in groups.values():
        for start in range(0, len(indexes), size):
            part = tuple(indexes[start : start + size])
            yield Chunk(part, tuple(rows[i] for i in part))
