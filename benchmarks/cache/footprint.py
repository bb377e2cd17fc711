"""Bytes of memory that one entry of fifty flat rows takes in the process."""

import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import moka_py
from aiocache import SimpleMemoryCache
from cashews.backends.memory import Memory
from django.core.cache.backends.locmem import LocMemCache

from benchmarks.cache.samples import Rows, as_json, flat
from benchmarks.report import Row
from optimizer import cached_query
from optimizer.runtime import Runtime

_TTL = 3600
Keep = Callable[[int], Awaitable[Any]]


@cached_query("contacts", ttl=_TTL)
async def numbered(user_id: str, number: int) -> Rows:
    """Fifty rows of their own for each number."""
    return flat(number)


@cached_query("contacts", ttl=_TTL)
async def numbered_body(user_id: str, number: int) -> bytes:
    """The same as JSON."""
    return as_json(flat(number))


async def rows(engine: Runtime, quick: bool) -> list[Row]:
    """Python's own count of what is allocated; the engine's objects and its bytes both count."""
    count = 200 if quick else 900
    sizes: dict[str, float] = {}
    for name, keep in {**_ours(), **_theirs()}.items():
        engine.cache.memory.clear()
        sizes[name] = await _bytes_each(keep, count)
        print(f"  memory an entry: {name} {sizes[name]:,.0f} bytes")
    name = "memory an entry of 50 rows, bytes: ours"
    found = [Row(f"{name}, {it}", sizes["ours"], sizes[it]) for it in _theirs()]
    return [*found, Row(f"{name}, ours for bytes alone", sizes["ours"], sizes["bytes"])]


def _ours() -> dict[str, Keep]:
    async def objects(number: int) -> None:
        await numbered("memory", number)
        await numbered("memory", number)  # from here on the objects are kept beside the bytes

    async def body(number: int) -> None:
        await numbered_body("memory", number)

    return {"ours": objects, "bytes": body}


def _theirs() -> dict[str, Keep]:
    cashews, aiocache = Memory(size=10_000), SimpleMemoryCache()
    moka, locmem = moka_py.Moka(10_000), LocMemCache("footprint", {"MAX_ENTRIES": 10_000})

    async def in_moka(number: int) -> None:
        moka.set(str(number), flat(number))

    async def in_locmem(number: int) -> None:
        locmem.set(str(number), flat(number), _TTL)

    return {
        "cashews": lambda n: cashews.set(str(n), flat(n), expire=_TTL),
        "aiocache": lambda n: aiocache.set(str(n), flat(n)),
        "moka-py": in_moka,
        "LocMem": in_locmem,
    }


async def _bytes_each(keep: Keep, count: int) -> float:
    await keep(-1)  # what is made once
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(count):
            await keep(number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / count
    finally:
        tracemalloc.stop()
