"""Rows cut into chunks that each go in one request, and the outcome of each row."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]
Key = tuple[str, ...]


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
    key: str | None = None  # by which the row can be looked for, where it has one


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome for each input row, in input order, and what it took.

    `failed` counts every row that is not done; `counts` tells the statuses apart.
    """

    outcomes: tuple[RowOutcome, ...]
    calls: int
    seconds: float
    sent_bytes: int = 0  # of bodies
    received_bytes: int = 0
    succeeded: int = field(init=False)
    failed: int = field(init=False)

    def __post_init__(self) -> None:
        done = self.counts[RowStatus.DONE]
        object.__setattr__(self, "succeeded", done)
        object.__setattr__(self, "failed", len(self.outcomes) - done)

    @property
    def counts(self) -> Counter[RowStatus]:
        """How many rows there are of each status; 0 for one that no row has."""
        return Counter(outcome.status for outcome in self.outcomes)

    @property
    def calls_avoided(self) -> int:
        """Calls that the same rows would have taken more, had each gone alone."""
        attempted = len(self.outcomes) - self.counts[RowStatus.NOT_ATTEMPTED]
        return max(0, attempted - self.calls)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes in one request and in one batch, and how requests go side by side."""

    rows: int = 100  # in a request
    body_bytes: int = 1_000_000  # of a request's body
    url_bytes: int = 12_000  # of the keys in a URL; Supabase refuses URL and headers beyond 16 KB
    total: int = 100_000  # rows in a list; a stream has no end
    concurrency: int = 4  # requests at once
    in_order: bool = False  # one request after the other, rows never ahead of earlier ones
    patience: float = 30.0  # s to wait for an upstream that is away, where rows hang on it

    @property
    def side_by_side(self) -> int:
        """How many requests may be under way at once."""
        return 1 if self.in_order else self.concurrency


@dataclass(frozen=True, slots=True)
class Entry:
    """One input row: its place, its columns, its JSON with the columns in canonical order."""

    index: int
    row: Row
    body: bytes
    key: Key | None = None  # what the row is known by, before it is sent
    own_key: bool = False  # the key was made here, so nobody else's row can have it


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that go in one request."""

    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def columns(self) -> list[str]:
        """The columns that its rows name, in canonical order."""
        return sorted(self.entries[0].row)

    @property
    def body(self) -> bytes:
        """All rows as one JSON array."""
        return b"[%b]" % b",".join(entry.body for entry in self.entries)

    @property
    def is_keyed(self) -> bool:
        """Whether each of its rows can be looked for."""
        return all(entry.key is not None for entry in self.entries)

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Cut a failing chunk in two, to find the row that fails it."""
        middle = len(self.entries) // 2
        return Chunk(self.entries[:middle]), Chunk(self.entries[middle:])


def split(entries: Sequence[Entry], limits: Limits) -> Iterator[Chunk]:
    """Group rows by their key set, then cut each group by number and by bytes.

    PostgREST writes NULL into columns that a row of a mixed bulk request does not mention. Rows
    that can be looked for are kept apart from those that cannot.
    """
    for alike in group(entries, lambda e: (frozenset(e.row), e.key is None), limits.in_order):
        yield from cut(alike, limits.rows, body_bytes, limits.body_bytes)


def group(
    entries: Sequence[Entry], kind: Callable[[Entry], Hashable], in_order: bool
) -> Iterator[list[Entry]]:
    """Put rows of one kind together; in order only where they are neighbours."""
    if in_order:
        yield from (list(alike) for _, alike in groupby(entries, kind))
        return
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(kind(entry), []).append(entry)
    yield from groups.values()


def cut(
    entries: Iterable[Entry], rows: int, weigh: Callable[[Entry], int], most: int
) -> Iterator[Chunk]:
    """Cut into chunks of at most `rows` rows that weigh at most `most` together.

    A row that is too heavy on its own goes alone.
    """
    part: list[Entry] = []
    total = 0
    for entry in entries:
        weight = weigh(entry)
        if part and (len(part) >= rows or total + weight > most):
            yield Chunk(tuple(part))
            part, total = [], 0
        part.append(entry)
        total += weight
    if part:
        yield Chunk(tuple(part))


def body_bytes(entry: Entry) -> int:
    """What a row weighs in a body: itself and a comma."""
    return len(entry.body) + 1


def joined(results: Iterable[BatchResult]) -> BatchResult:
    """One result of several, whose rows follow each other."""
    outcomes: list[RowOutcome] = []
    calls = sent = received = 0
    seconds = 0.0
    for result in results:
        start = len(outcomes)
        outcomes += [replace(outcome, index=start + outcome.index) for outcome in result.outcomes]
        calls, seconds = calls + result.calls, seconds + result.seconds
        sent, received = sent + result.sent_bytes, received + result.received_bytes
    return BatchResult(tuple(outcomes), calls, seconds, sent, received)


def not_attempted(entries: Sequence[Entry]) -> BatchResult:
    """The result of rows that were never sent."""
    left = (RowOutcome(entry.index, RowStatus.NOT_ATTEMPTED) for entry in entries)
    return BatchResult(tuple(left), 0, 0.0)
