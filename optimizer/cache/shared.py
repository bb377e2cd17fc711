"""L2: entries, stamps and markers in Valkey, shared by all processes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from optimizer.cache import scripts
from optimizer.cache.entry import Entry, decode, encode
from optimizer.errors import CacheUnavailable

PREFIX = "{canvalo}"
_INDEX = f"{PREFIX}:entries"


class Found(IntEnum):
    """What a look found."""

    COLD = 0
    L1_STANDS = 1
    VALUE = 2
    WRITER_AT_WORK = 3
    EXPIRED = 4
    INVALIDATED = 5


@dataclass(frozen=True, slots=True)
class Look:
    """A look's answer; `stamps` are those of this instant, to be stored with a fill."""

    found: Found
    stamps: str
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class CacheSizes:
    """How many entries are held, and how many have expired but are not yet cleaned up."""

    active: int
    expired: int


class SharedTier:
    """Each method is one script, and so one atomic step; all raise CacheUnavailable."""

    def __init__(self, client: Redis) -> None:
        self._look = client.register_script(scripts.LOOK)
        self._fill = client.register_script(scripts.FILL)
        self._begin = client.register_script(scripts.BEGIN)
        self._end = client.register_script(scripts.END)
        self._touch = client.register_script(scripts.TOUCH)
        self._sizes = client.register_script(scripts.SIZES)
        self._clean = client.register_script(scripts.CLEAN)

    async def look(self, key: str, tags: Sequence[str], known: str = "") -> Look:
        """Read entry and stamps together; `known` are the stamps of the entry that L1 holds."""
        keys = [_entry(key), _INDEX, *_pairs(tags)]
        found, stamps, value = await _run(self._look, keys, [known, fresh_stamp()])
        entry = decode(value) if value is not None else None
        if found == Found.VALUE and entry is None:
            found = Found.COLD  # written by another version of Canvalo
        return Look(Found(found), stamps.decode(), entry)

    async def fill(self, key: str, entry: Entry, ttl: float, max_entries: int) -> None:
        """Store an entry for `ttl` seconds; the entries nearest to their end make room."""
        args = [entry.stamps, encode(entry), max(1, int(ttl * 1000)), max_entries]
        await _run(self._fill, [_entry(key), _INDEX], args)

    async def begin(self, writer: str, tags: Sequence[str], life: float) -> None:
        """Add this writer's marker to its tags: until it ends, nothing is served or filled."""
        await _run(self._begin, [_marker(t) for t in tags], [writer, int(life * 1000)])

    async def end(self, writer: str, tags: Sequence[str]) -> None:
        """Set new stamps and remove this writer's own marker."""
        await _run(self._end, _pairs(tags), [writer, fresh_stamp()])

    async def touch(self, tags: Sequence[str]) -> None:
        """Set new stamps, so that every entry under these tags is dead; markers stay."""
        await _run(self._touch, [_stamp(t) for t in tags], [fresh_stamp()])

    async def sizes(self) -> CacheSizes:
        """Count the entries."""
        return CacheSizes(*await _run(self._sizes, [_INDEX], []))

    async def clean(self, at_most: int = 10_000) -> int:
        """Forget the names of expired entries; returns how many."""
        return int(await _run(self._clean, [_INDEX], [at_most]))


def sizes_blocking(client: redis.Redis) -> CacheSizes:
    """Count the entries, from a thread without an event loop; raises CacheUnavailable."""
    try:
        found: Any = client.eval(scripts.SIZES, 1, _INDEX)
    except (RedisError, OSError) as error:
        raise CacheUnavailable(f"Valkey cannot be used: {type(error).__name__}") from error
    return CacheSizes(*found)


def fresh_stamp() -> str:
    """Make a stamp. Random, not a counter: one that is lost and made anew never repeats."""
    return secrets.token_hex(8)


async def _run(script: Any, keys: Sequence[str], args: Sequence[Any]) -> Any:
    try:
        return await script(keys=keys, args=args)
    except (RedisError, OSError, TimeoutError) as error:
        # Its text holds the server's address.
        raise CacheUnavailable(f"Valkey cannot be used: {type(error).__name__}") from error


def _entry(key: str) -> str:
    return f"{PREFIX}:e:{key}"


def _stamp(tag: str) -> str:
    return f"{PREFIX}:s:{tag}"


def _marker(tag: str) -> str:
    return f"{PREFIX}:m:{tag}"


def _pairs(tags: Sequence[str]) -> list[str]:
    return [name for tag in tags for name in (_stamp(tag), _marker(tag))]
