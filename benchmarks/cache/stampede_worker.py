"""One process of the stampede: `python -m … WHO VALKEY_URL START`; prints how often it asked."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.cache.samples import Rows, as_json, flat

_ASKERS = 125
_UPSTREAM = 0.2  # s that the upstream takes
_TTL = 60
_CONNECTIONS = 2 * _ASKERS  # so that no side fails for want of one


class Upstream(httpx.AsyncBaseTransport):
    """What is asked on a miss; counts."""

    asked = 0

    async def rows(self) -> Rows:
        """Answer after a while."""
        self.asked += 1
        await asyncio.sleep(_UPSTREAM)
        return flat()

    def rows_blocking(self) -> Rows:
        """The same for a thread."""
        self.asked += 1
        time.sleep(_UPSTREAM)
        return flat()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The same as HTTP, marked as fit to be kept."""
        headers = {"cache-control": "max-age=60", "date": _http_date()}
        return httpx.Response(200, headers=headers, content=as_json(await self.rows()))


async def ours(url: str, go: float, upstream: Upstream) -> None:
    """`@cached_query`."""
    from optimizer import Config, cached_query, open_engine

    @cached_query("contacts", ttl=_TTL)
    async def get_rows(user_id: str) -> Rows:
        return await upstream.rows()

    async with open_engine(Config("http://127.0.0.1:9", "key", valkey_url=url)):
        await _all_at_once(go, partial(get_rows, "alice"))


async def cashews(url: str, go: float, upstream: Upstream) -> None:
    """Its decorator with a lock, over the same server."""
    from cashews import Cache

    cache = Cache()
    cache.setup(url, max_connections=_CONNECTIONS)

    @cache(ttl=_TTL, lock=True, key="stampede")
    async def get_rows() -> Rows:
        return await upstream.rows()

    await _all_at_once(go, get_rows)


async def aiocache(url: str, go: float, upstream: Upstream) -> None:
    """Its decorator against stampedes, over the same server."""
    from aiocache import Cache, cached_stampede
    from aiocache.serializers import JsonSerializer

    place = urlsplit(url)

    @cached_stampede(
        lease=2,
        ttl=_TTL,
        key="stampede",
        cache=Cache.REDIS,
        serializer=JsonSerializer(),
        endpoint=place.hostname,
        port=place.port,
        password=place.password,
        pool_max_size=_CONNECTIONS,
    )
    async def get_rows() -> Rows:
        return await upstream.rows()

    await _all_at_once(go, get_rows)


async def django_redis(url: str, go: float, upstream: Upstream) -> None:
    """`get_or_set`, in threads."""
    import django
    from django.conf import settings
    from django_redis.cache import RedisCache

    settings.configure()
    django.setup()
    pool = {"max_connections": _CONNECTIONS}
    store = RedisCache(url, {"OPTIONS": {"CONNECTION_POOL_KWARGS": pool}})
    threads = ThreadPoolExecutor(_ASKERS)

    async def get_rows() -> Any:
        asked = partial(store.get_or_set, "stampede", upstream.rows_blocking, _TTL)
        return await asyncio.get_running_loop().run_in_executor(threads, asked)

    await _all_at_once(go, get_rows)


async def hishel(_url: str, go: float, upstream: Upstream) -> None:
    """Its transport, in a file of each process's own: it shares none between processes."""
    from hishel import AsyncSqliteStorage
    from hishel.httpx import AsyncCacheTransport

    with tempfile.TemporaryDirectory() as folder:
        storage = AsyncSqliteStorage(database_path=f"{folder}/cache.db")
        transport = AsyncCacheTransport(upstream, storage)
        async with httpx.AsyncClient(transport=transport) as client:
            await _all_at_once(go, partial(client.get, "http://upstream/rows"))


async def _all_at_once(go: float, ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask at the agreed moment; whoever is late says so, for then the figure would lie."""
    left = go - time.time()
    if left < 0:
        raise SystemExit("this process was not ready in time")
    await asyncio.sleep(left)
    await asyncio.gather(*(ask() for _ in range(_ASKERS)))


def _http_date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


_SIDES = {
    "ours": ours,
    "aiocache": aiocache,
    "cashews": cashews,
    "django-redis": django_redis,
    "hishel": hishel,
}

if __name__ == "__main__":
    upstream = Upstream()
    asyncio.run(_SIDES[sys.argv[1]](sys.argv[2], float(sys.argv[3]), upstream))
    print(upstream.asked)
