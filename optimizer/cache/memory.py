"""L1: entries of this process, bounded in number and in bytes, least recently used out first."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.cache.entry import Entry
from optimizer.domain.freshness import Mark


@dataclass(frozen=True, slots=True)
class Held:
    """An entry, the point at which its stamps were known to stand, and the tags of those stamps."""

    entry: Entry
    at: Mark
    tags: Sequence[str]

    @property
    def size(self) -> int:
        """Bytes that it weighs, near enough."""
        return self.entry.size


class MemoryTier:
    """A bounded map. It decides nothing: whether an entry still stands is for others to say."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self._entries: OrderedDict[str, Held] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Held | None:
        """Return the entry and count it as used."""
        held = self._entries.get(key)
        if held is not None:
            self._entries.move_to_end(key)
        return held

    def put(self, key: str, held: Held) -> None:
        """Keep an entry, making room where needed; one that is larger than the tier is not kept."""
        self.drop(key)
        if held.size > self.max_bytes:
            return
        self._entries[key] = held
        self._bytes += held.size
        self._make_room()

    def resize(self, max_entries: int, max_bytes: int) -> None:
        """Obey other bounds from now on."""
        self.max_entries, self.max_bytes = max_entries, max_bytes
        self._make_room()

    def _make_room(self) -> None:
        while len(self._entries) > self.max_entries or self._bytes > self.max_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, key: str) -> None:
        """Forget one entry, if it is there."""
        held = self._entries.pop(key, None)
        if held is not None:
            self._bytes -= held.size

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes
