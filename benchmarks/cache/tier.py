"""The process's own tier as a cache of small answers, driven without a server."""

from optimizer.cache.entry import Entry
from optimizer.cache.memory import Held, MemoryTier
from optimizer.domain.answer import Answer
from optimizer.domain.freshness import Mark
from optimizer.domain.tags import of_relation

_AT, _TAGS = Mark("epoch", 0), (of_relation("api.contacts"),)


class Tier:
    """Holds so many entries; `ask` looks one up and keeps it where it was not there."""

    def __init__(self, entries: int) -> None:
        self.memory = MemoryTier(entries, 1_000_000_000)

    def ask(self, key: str, size: int = 0) -> bool:
        """Whether it was there; if not, it is now, with a body of so many bytes."""
        if self.memory.get(key) is not None:
            return True
        entry = Entry(Answer(200, (), bytes(size)), "epoch stamp", 0.0)
        self.memory.put(key, Held(entry, _AT, _TAGS))
        return False
