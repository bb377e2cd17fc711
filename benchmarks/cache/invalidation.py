"""Invalidating a table of 100,000 entries, beside one of 100; both in both tiers."""

import asyncio

from benchmarks.cache.samples import as_json, flat
from benchmarks.cache.timing import microseconds, must_be
from benchmarks.report import Row
from optimizer.cache.entry import Entry
from optimizer.cache.memory import Held
from optimizer.cache.shared import Found
from optimizer.domain.answer import Answer
from optimizer.domain.tags import of_relation
from optimizer.runtime import Runtime

_SIZES = {"bench.large": 100_000, "bench.small": 100}
_AT_ONCE = 50
_BODY = as_json(flat()[:1])


async def rows(engine: Runtime, quick: bool) -> list[Row]:
    """Microseconds from the call to the moment from which nothing of the table is served."""
    memory, settings = engine.cache.memory, engine.settings
    memory.resize(200_000, 1_000_000_000)
    for table, size in _SIZES.items():
        await _fill(engine, table, size)

    async def large() -> None:
        await engine.engine.touch([of_relation("bench.large")])

    async def small() -> None:
        await engine.engine.touch([of_relation("bench.small")])

    calls = {"100,000 entries": large, "100 entries": small}
    took = await microseconds("invalidation", calls, 30 if quick else 100, 5)
    for table in _SIZES:
        look = await engine.shared.look(f"{table}-7", [of_relation(table)])
        must_be(look.found, Found.INVALIDATED, "what was invalidated")
    memory.resize(settings.cache_max_size, settings.cache_max_bytes)
    large_us, small_us = took.values()
    return [Row("invalidating a table, µs: 100,000 entries, 100", large_us, small_us, "<= 1.5")]


async def _fill(engine: Runtime, table: str, size: int) -> None:
    tags = [of_relation(table)]
    look = await engine.shared.look(f"{table}-0", tags)
    entry = Entry(Answer(200, (), _BODY), look.stamps, engine.cache.clock(), look.at.position)
    for start in range(0, size, _AT_ONCE):
        names = [f"{table}-{n}" for n in range(start, min(size, start + _AT_ONCE))]
        await asyncio.gather(*(engine.shared.fill(key, entry, 600, 200_000) for key in names))
        for key in names:
            engine.cache.memory.put(key, Held(entry, look.at, tags))
    must_be(len(engine.cache.memory) >= size, True, "the first tier")
