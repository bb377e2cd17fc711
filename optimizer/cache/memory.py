"""L1: entries of this process, bounded in number and in bytes."""

from collections.abc import Callable, Sequence
from typing import Any

from optimizer.cache.entry import Entry
from optimizer.cache.eviction import MOST_USES, Eviction, LeastRecentlyUsed, S3Fifo, Slot
from optimizer.domain.freshness import Mark
from optimizer.domain.ttl import EvictionPolicy

_POLICIES: dict[EvictionPolicy, Callable[[], Eviction]] = {
    EvictionPolicy.S3_FIFO: S3Fifo,
    EvictionPolicy.LRU: LeastRecentlyUsed,
}


class Held(Slot):
    """An entry, the point at which its stamps were known to stand, and the tags of those stamps.

    `fresh` makes the value that the entry stands for, where somebody has asked for it here: each
    time an object of its own. A hit avoids `stands_for` reads. `seen` is the view's version in
    which it was last found to stand.
    """

    __slots__ = ("at", "entry", "fresh", "seen", "stands_for", "tags")

    def __init__(self, entry: Entry, at: Mark, tags: Sequence[str]) -> None:
        super().__init__(entry.size)
        self.entry = entry
        self.at = at
        self.tags = tags
        self.fresh: Callable[[], Any] | None = None
        self.stands_for = 1
        self.seen = -1


class MemoryTier:
    """A bounded map. It decides nothing: whether an entry still stands is for others to say."""

    def __init__(
        self,
        max_entries: int,
        max_bytes: int,
        policy: EvictionPolicy = EvictionPolicy.S3_FIFO,
    ) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.policy = policy
        self._entries: dict[str, Held] = {}
        self._bytes = 0
        self._start()

    def get(self, key: str) -> Held | None:
        """Return the entry and count it as used."""
        held = self._entries.get(key)
        if held is not None:
            if held.uses < MOST_USES:
                held.uses += 1
            if self._used is not None:
                self._used(key)
        return held

    def put(self, key: str, held: Held) -> None:
        """Keep an entry, making room where needed; one that is larger than the tier is not kept."""
        if held.size > self.max_bytes:
            self.drop(key)
            return
        before = self._entries.get(key)
        if before is None:
            self._eviction.add(key, held)
        else:
            self._eviction.swap(key, held)
            self._bytes -= before.size
        self._entries[key] = held
        self._bytes += held.size
        self._make_room()

    def resize(
        self, max_entries: int, max_bytes: int, policy: EvictionPolicy | None = None
    ) -> None:
        """Obey other bounds from now on; under another policy it starts empty."""
        self.max_entries, self.max_bytes = max_entries, max_bytes
        if policy is not None and policy != self.policy:
            self.policy = policy
            self.clear()
        self._make_room()

    def weigh(self, key: str, held: Held, size: int) -> None:
        """Count an entry that is there with another weight."""
        if self._entries.get(key) is held:
            self._eviction.remove(key)
            self._bytes += size - held.size
            held.size = size
            self._eviction.add(key, held)
            self._make_room()

    def drop(self, key: str) -> None:
        """Forget one entry, if it is there."""
        held = self._entries.pop(key, None)
        if held is not None:
            self._eviction.remove(key)
            self._bytes -= held.size

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0
        self._start()

    def _start(self) -> None:
        self._eviction = _POLICIES[self.policy]()
        self._used = self._eviction.used

    def _make_room(self) -> None:
        while len(self._entries) > self.max_entries or self._bytes > self.max_bytes:
            self._bytes -= self._entries.pop(self._eviction.victim()).size

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        return self._bytes
