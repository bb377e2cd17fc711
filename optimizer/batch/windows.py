"""A stream cut into windows, each of which is written as a batch of its own."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from optimizer.domain.chunks import Entry, Key, Limits, RowOutcome, RowStatus, body_bytes
from optimizer.errors import BatchError

_CHUNKS_EACH = 2  # that a window holds for each request that may be under way


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be sent."""

    index: int
    outcome: RowOutcome


Item = Entry | Refusal


class Window:
    """Rows collected until they are enough; a row named twice belongs to the next window."""

    def __init__(self, limits: Limits) -> None:
        self._most_rows = limits.rows * limits.side_by_side * _CHUNKS_EACH
        self._most_bytes = limits.body_bytes * limits.side_by_side
        self.items: list[Item] = []
        self._bytes = 0
        self._keys: set[Key] = set()

    def has_room_for(self, item: Item) -> bool:
        """Whether one more may be added."""
        if not self.items or isinstance(item, Refusal):
            return len(self.items) < self._most_rows
        full = len(self.items) >= self._most_rows or self._bytes >= self._most_bytes
        return not full and item.key not in self._keys

    def add(self, item: Item) -> None:
        """Take a row in."""
        self.items.append(item)
        if isinstance(item, Entry):
            self._bytes += body_bytes(item)
            if item.key is not None:
                self._keys.add(item.key)


async def windows(
    entry: Callable[[int, Any], Entry], rows: Iterable[Any] | AsyncIterable[Any], limits: Limits
) -> AsyncIterator[list[Item]]:
    """Cut a stream; a row that `entry` refuses becomes its outcome."""
    window, index = Window(limits), 0
    async for row in _each(rows):
        item = _taken_in(entry, index, row)
        if not window.has_room_for(item):
            full, window = window, Window(limits)
            yield full.items
            del full  # so that one window is held at a time
        window.add(item)
        index += 1
    if window.items:
        yield window.items


async def _each(rows: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row


def _taken_in(entry: Callable[[int, Any], Entry], index: int, row: Any) -> Item:
    try:
        return entry(index, row)
    except BatchError as error:
        said = RowOutcome(index, RowStatus.FAILED, message=str(error))
        return Refusal(index, said)
