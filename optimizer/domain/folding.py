"""Folding row-wise changes into requests: equal changes share one, and no URL grows too long."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from optimizer.domain.arguments import canonical
from optimizer.domain.scope import digest

MOST_URL_BYTES = 12_000  # of the list of keys; Supabase refuses URL and headers beyond 16 KB


@dataclass(frozen=True, slots=True)
class Keyed:
    """Rows named by their keys, with their places in the input; all of them get `values`."""

    indexes: tuple[int, ...]
    keys: tuple[str, ...]
    values: Mapping[str, Any] | None = None  # None: they are deleted

    def __len__(self) -> int:
        return len(self.keys)

    def halves(self) -> "tuple[Keyed, Keyed]":
        """Cut in two, to find the row that fails the rest."""
        middle = len(self.keys) // 2
        return (
            Keyed(self.indexes[:middle], self.keys[:middle], self.values),
            Keyed(self.indexes[middle:], self.keys[middle:], self.values),
        )


def fold_updates(rows: Sequence[Mapping[str, Any]], key: str, size: int) -> Iterator[Keyed]:
    """Group rows by what changes in them, then cut each group; rows hold their key and changes."""
    groups: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for index, row in enumerate(rows):
        values = {name: value for name, value in row.items() if name != key}
        groups.setdefault(digest(canonical(values)), (values, []))[1].append(index)
    for changes, indexes in groups.values():
        yield from _cut(
            Keyed(tuple(indexes), tuple(str(rows[i][key]) for i in indexes), changes), size
        )


def fold_deletes(keys: Sequence[Any], size: int) -> Iterator[Keyed]:
    """Cut a list of keys into requests."""
    yield from _cut(Keyed(tuple(range(len(keys))), tuple(map(str, keys))), size)


def _cut(group: Keyed, size: int) -> Iterator[Keyed]:
    """Cut by number and by the length of the list in the URL."""
    start, length = 0, 0
    for place, key in enumerate(group.keys):
        length += len(quote(key)) + 9  # a comma and two quotes, each escaped
        if place - start >= size or length > MOST_URL_BYTES:
            yield _part(group, start, place)
            start, length = place, len(quote(key)) + 9
    if start < len(group.keys):
        yield _part(group, start, len(group.keys))


def _part(group: Keyed, start: int, end: int) -> Keyed:
    return Keyed(group.indexes[start:end], group.keys[start:end], group.values)
