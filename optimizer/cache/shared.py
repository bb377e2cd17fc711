"""L2: entries in Valkey, shared by all processes, each under the stamps of its tags."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from optimizer.cache import scripts
from optimizer.cache.entry import Entry, decode, encode
from optimizer.cache.history import History
from optimizer.cache.steps import INDEX, PREFIX, Steps, filters_of, pairs_of
from optimizer.domain.freshness import Mark
from optimizer.domain.grain.asked import Asked
from optimizer.errors import CacheUnavailable

MARKER_LIFE = 60.0  # s, where no setting says otherwise
MOST_ASKED = 200  # filters of one relation that are told to writers; beyond, reads hold `any`
_NO_FILTERS = Asked("", "")


class Found(IntEnum):
    """What a look found."""

    COLD = 0
    L1_STANDS = 1
    VALUE = 2
    WRITER_AT_WORK = 3
    EXPIRED = 4
    INVALIDATED = 5
    QUARANTINE = 6
    EVICTED = 7


@dataclass(frozen=True, slots=True)
class Look:
    """A look's answer; `stamps` and `at` are those of this instant, to be stored with a fill."""

    found: Found
    stamps: str
    at: Mark
    entry: Entry | None = None
    quarantine: float = 0.0  # s for which nothing is kept
    elsewhere: bool = False  # another process fetches this at present
    always: int = 0  # how many of the stamps are those of tags that every answer holds
    others_busy: bool = False  # a writer is at work under the other tags
    unknown: bool = False  # writers do not know the question's filters

    @property
    def fillable(self) -> bool:
        """Whether what is fetched now may be kept."""
        return self.found not in (Found.WRITER_AT_WORK, Found.QUARANTINE)

    def stands(self, stamps: str) -> bool:
        """Whether an entry with these stamps stands, as far as this look could tell."""
        if self.found is Found.WRITER_AT_WORK:
            return False
        return stamps == self.core or (stamps == self.stamps and not self.others_busy)

    @property
    def core(self) -> str:
        """The stamps of the tags that every answer holds."""
        return " ".join(self.stamps.split(" ", self.always + 1)[: self.always + 1])


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Who would fetch on a miss, and for how long (s) others should wait for it."""

    name: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CacheSizes:
    """How many entries are held, and how many have expired but are not yet cleaned up."""

    active: int
    expired: int


class SharedTier:
    """Each method is one script, and so one atomic step; all raise CacheUnavailable."""

    def __init__(
        self,
        client: Redis,
        life: Callable[[], float] = lambda: MARKER_LIFE,
        compress_from: Callable[[], int] = lambda: 0,
        project: str = "",
    ) -> None:
        """`project` tells apart the entries of two projects whose programs share this Valkey."""
        self._project = project
        self._compress_from = compress_from
        self.steps = Steps(client, life)
        self.view = self.steps.view
        self.history = History(self.steps)
        self._look = self.steps.script(scripts.LOOK)
        self._fill = self.steps.script(scripts.FILL)
        self._sizes = self.steps.script(scripts.SIZES)
        self._clean = self.steps.script(scripts.CLEAN)

    async def look(
        self,
        key: str,
        tags: Sequence[str],
        known: str = "",
        fetcher: Fetcher | None = None,
        others: Sequence[str] = (),
        asked: Asked | None = None,
    ) -> Look:
        """Read entry and stamps together; `known` are the stamps of the entry that L1 holds.

        `others` are tags that some answers hold and others do not. What is `asked` is told to
        writers. On a miss the fetcher is noted as such, unless another process has been before.
        """
        who, filters = fetcher or Fetcher(), asked or _NO_FILTERS
        keys = [
            self._entry(key), INDEX, self._fetcher(key), filters_of(filters.relation),
            *pairs_of(tags), *pairs_of(others),
        ]  # fmt: skip
        args = [
            known, who.name, int(who.seconds * 1000), len(tags), filters.tag if asked else "",
            filters.text, MOST_ASKED,
        ]  # fmt: skip
        at, reply = await self.steps.swift_step(self._look, keys, args)
        return _as_look(at, reply, len(tags))

    async def fill(
        self, key: str, entry: Entry, ttl: float, max_entries: int, by: str = ""
    ) -> None:
        """Store an entry for `ttl` seconds; the entries nearest to their end make room."""
        value = encode(entry, self._compress_from())
        args = [entry.stamps, value, max(1, int(ttl * 1000)), max_entries, by]
        await self.steps.run(self._fill, [self._entry(key), INDEX, self._fetcher(key)], args)

    async def release(self, key: str, by: str) -> None:
        """Say that a fetch has ended without anything to keep."""
        args = ["", "", 1, 0, by]
        await self.steps.run(self._fill, [self._entry(key), INDEX, self._fetcher(key)], args)

    async def claim(self, key: str, stamps: str, fetcher: Fetcher) -> bool:
        """Be the one who fetches an entry that is still there; False where another does."""
        life = max(1, int(fetcher.seconds * 1000))
        value = f"{fetcher.name} {stamps}"
        client = self.steps.client
        return bool(
            await self.steps.ask(lambda: client.set(self._fetcher(key), value, nx=True, px=life))
        )

    async def last(self, key: str) -> Entry | None:
        """What is stored, whether it stands or not; for an upstream that fails."""
        value = await self.steps.ask(lambda: self.steps.client.hget(self._entry(key), "value"))
        return decode(value) if value is not None else None

    def _entry(self, key: str) -> str:
        return f"{PREFIX}:e:{self._project}{key}"

    def _fetcher(self, key: str) -> str:
        return f"{PREFIX}:f:{self._project}{key}"

    async def sizes(self) -> CacheSizes:
        """Count the entries."""
        return CacheSizes(*await self.steps.run(self._sizes, [INDEX], []))

    async def clean(self, at_most: int = 10_000) -> int:
        """Forget the names of expired entries; returns how many."""
        return int(await self.steps.run(self._clean, [INDEX], [at_most]))


def sizes_blocking(client: redis.Redis) -> CacheSizes:
    """Count the entries, from a thread without an event loop; raises CacheUnavailable."""
    try:
        found: Any = client.eval(scripts.SIZES, 1, INDEX)
    except (RedisError, OSError) as error:
        raise CacheUnavailable(f"Valkey cannot be used: {type(error).__name__}") from error
    return CacheSizes(*found)


def _as_look(at: Mark, reply: Sequence[Any], always: int) -> Look:
    found, stamps, value, quarantine, elsewhere, others_busy, unknown = reply
    entry = decode(value) if value is not None else None
    if found == Found.VALUE and entry is None:
        found = Found.COLD  # written by another version of Canvalo
    return Look(
        Found(found), stamps.decode(), at, entry, quarantine / 1000, bool(elsewhere), always,
        bool(others_busy), bool(unknown),
    )  # fmt: skip
