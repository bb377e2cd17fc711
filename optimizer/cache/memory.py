"""L1: entries of this process, bounded in number and in bytes, least recently used out first."""

from collections import OrderedDict

from optimizer.cache.entry import Entry


class MemoryTier:
    """A bounded map. It decides nothing: whether an entry still stands is asked of Valkey."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Entry | None:
        """Return the entry and count it as used."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry, making room where needed; one that is larger than the tier is not kept."""
        self.drop(key)
        if entry.size > self.max_bytes:
            return
        self._entries[key] = entry
        self._bytes += entry.size
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
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size

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
