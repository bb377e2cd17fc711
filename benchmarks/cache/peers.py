"""Other caches around the same function, each by its own decorator, with fresh objects.

Those that hand out the object that they keep are given a copy on top, for a caller may change it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import moka_py
from aiocache import cached
from cashews import Cache
from django.core.cache.backends.locmem import LocMemCache
from dogpile.cache import make_region

from benchmarks.cache.samples import Rows, copied, flat

_TTL = 3600


def decorated() -> Mapping[str, Callable[[], Any]]:
    """A hit of each with flat rows; cashews both by its own pickler and with a copy by hand."""
    cashews = cashews_raw(flat)

    async def with_copy() -> Rows:
        return copied(await cashews())

    pickled = cashews_raw(flat, pickle_type="default")
    both = {"cashews, its pickler": pickled, "cashews, copied by hand": with_copy}
    others = {"aiocache": _aiocache(), "dogpile": _dogpile(), "moka-py": _moka()}
    return {**both, **others, "LocMem": _locmem()}


def cashews_raw(make: Callable[[], Rows], **options: str) -> Callable[[], Any]:
    """A hit of cashews' decorator, which hands out what it keeps unless told to pickle it."""
    cache = Cache()
    cache.setup("mem://", size=1000, **options)

    @cache(ttl=_TTL)
    async def get_rows() -> Rows:
        return make()

    return get_rows  # type: ignore[no-any-return]


def _aiocache() -> Callable[[], Any]:
    @cached(ttl=_TTL)
    async def get_rows() -> Rows:
        return flat()

    async def with_copy() -> Rows:
        return copied(await get_rows())

    return with_copy


def _dogpile() -> Callable[[], Any]:
    region = make_region().configure("dogpile.cache.memory", expiration_time=_TTL)

    @region.cache_on_arguments()
    def get_rows() -> Rows:
        return flat()

    return lambda: copied(get_rows())


def _moka() -> Callable[[], Any]:
    store = moka_py.Moka(1000, ttl=_TTL)
    store.set("rows", flat())
    return lambda: copied(store.get("rows"))


def _locmem() -> Callable[[], Any]:
    store = LocMemCache("bench", {})
    store.set("rows", flat(), _TTL)
    return lambda: store.get("rows")
