"""A hit in the shared tier, by a process that holds nothing itself, beside django-redis.

A coroutine asks django-redis by `aget`: that row has the bar. Its blocking `get`, which would stop
the event loop while the server is asked, is printed beside it.
"""

import time

from django_redis.cache import RedisCache

from benchmarks.cache.decorated import flat_rows
from benchmarks.cache.samples import Rows, flat
from benchmarks.cache.timing import microseconds, must_be
from benchmarks.report import Row
from optimizer.runtime import Runtime

_KEY, _WHO = "bench-rows", "shared"
_SERIALIZER = "django_redis.serializers.msgpack.MSGPackSerializer"
_CLOCKS = {"CPU": time.process_time, "wall": time.perf_counter}


async def rows(engine: Runtime, valkey_url: str, quick: bool) -> list[Row]:
    """Both decode the same fifty rows out of the same server."""
    store = RedisCache(valkey_url, {"OPTIONS": {"SERIALIZER": _SERIALIZER}})
    store.set(_KEY, flat(), 3600)
    await flat_rows(_WHO)  # fills

    async def ours() -> Rows:
        engine.cache.memory.clear()
        return await flat_rows(_WHO)

    def theirs() -> Rows:
        return store.get(_KEY)  # type: ignore[no-any-return]

    async def awaited() -> Rows:
        return await store.aget(_KEY)  # type: ignore[no-any-return]

    must_be(await ours(), theirs(), "the shared tier")
    calls = {"ours": ours, "django-redis": theirs, "django-redis, aget": awaited}
    rounds, batch = (15, 50) if quick else (60, 100)
    found = []
    for kind, clock in _CLOCKS.items():
        took = await microseconds(f"shared-tier hit, {kind}", calls, rounds, batch, clock)
        name = f"shared-tier hit, 50 rows, µs of {kind} time: ours, django-redis with msgpack"
        found.append(Row(f"{name}, aget", took["ours"], took["django-redis, aget"], "<= 1"))
        found.append(Row(f"{name}, blocking get", took["ours"], took["django-redis"]))
    store.close()
    return found
