"""Folding row-wise changes into requests: equal changes share one, and no URL grows too long."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from optimizer.domain.chunks import Chunk, Entry, Limits, body_bytes, cut, group

# A group of equal changes is worth a call from this part of a full chunk on, or this many rows.
_SHARE, _ENOUGH = 10, 50


@dataclass(frozen=True, slots=True)
class Plan:
    """How updates go: chunks of equal changes, and chunks of rows with changes of their own."""

    equal: list[Chunk]
    varied: list[Chunk]


def plan_updates(entries: Sequence[Entry], limits: Limits) -> Iterator[Plan]:
    """Plan the updates of rows that name the same columns, group by group.

    One call for all rows of equal changes is cheapest; but many small groups would each cost one,
    where varied rows share calls.
    """
    for alike in group(entries, lambda e: frozenset(e.row), limits.in_order):
        groups = _equal(alike, limits)
        folded = _folded(groups, limits)
        if len(folded) <= -(-len(alike) // limits.rows):
            yield Plan(folded, [])
        else:
            yield _shared_out(groups, limits)


def fold(entries: Sequence[Entry], limits: Limits) -> list[Chunk]:
    """Chunks of equal changes, however small they are; each row's `body` is its changes."""
    return _folded(_equal(entries, limits), limits)


def cut_by_url(entries: Sequence[Entry], limits: Limits) -> Iterator[Chunk]:
    """Cut by number and by the length of the list of keys in the URL."""
    return cut(entries, limits.rows, _url_bytes, limits.url_bytes)


def _equal(entries: Sequence[Entry], limits: Limits) -> list[list[Entry]]:
    return list(group(entries, lambda e: e.body, limits.in_order))


def _folded(groups: Iterable[Sequence[Entry]], limits: Limits) -> list[Chunk]:
    return [chunk for equal in groups for chunk in cut_by_url(equal, limits)]


def _shared_out(groups: Sequence[Sequence[Entry]], limits: Limits) -> Plan:
    enough = min(max(2, limits.rows // _SHARE), _ENOUGH)
    rest = [entry for equal in groups if len(equal) < enough for entry in equal]
    if len(rest) < 2:  # alone it needs no function
        return Plan(_folded(groups, limits), [])
    large = _folded((equal for equal in groups if len(equal) >= enough), limits)
    return Plan(large, list(cut(rest, limits.rows, _varied_bytes, limits.body_bytes)))


def _url_bytes(entry: Entry) -> int:
    """A key in a URL: each part with its quotes, a comma and, of several, its column's name."""
    parts = entry.key or ()
    return sum(len(quote(part)) + 9 for part in parts) + 40 * (len(parts) - 1)


def _varied_bytes(entry: Entry) -> int:
    """A row in a body of many, with its key beside it."""
    return body_bytes(entry) + sum(len(part) for part in entry.key or ()) + 40
