"""Values that an application keeps by hand, over the running loop's runtime: `get_cache()`."""

from collections.abc import Mapping
from typing import Any

from optimizer.caching import relation_of
from optimizer.domain.scope import digest, hash_user
from optimizer.domain.tags import EVERYTHING, of_relation, of_user
from optimizer.functions import Kind, Question
from optimizer.runtime import current


class QueryCache:
    """Values kept by hand: `get`, and after a miss and a fetch `set`. It holds no state itself."""

    async def get(
        self, user_id: str, table: str, query_params: Any = None, default: Any = None
    ) -> Any:
        """Return the value as a fresh object, or `default` where there is none.

        A miss is remembered, so that a `set` that follows cannot keep what a write has outdated.
        """
        value, found = await current().functions.get(_question(user_id, table, query_params))
        return value if found else default

    async def set(
        self,
        user_id: str,
        table: str,
        query_params: Any,
        data: Any,
        ttl: int | None = None,
    ) -> bool:
        """Keep a value for `ttl` seconds; False where it was not kept.

        Call `get` before you fetch: without it nothing says how old the data may be. Raises
        ValueNotCacheable for what would not come back as it is.
        """
        return await current().functions.put(_question(user_id, table, query_params, ttl), data)

    async def invalidate_table(self, user_id: str, table: str) -> None:
        """End what is kept of a table, for everybody; the user is recorded as who asked for it."""
        await current().engine.touch([of_relation(relation_of(table))], by=digest(user_id)[:8])

    async def invalidate_user(self, user_id: str) -> None:
        """End what is kept for one user: values by user id, and answers to the user's tokens.

        Answers that a table's settings let several users share are not one user's.
        """
        await current().engine.touch([of_user(hash_user(user_id))], by=digest(user_id)[:8])

    async def invalidate_all(self) -> None:
        """End everything that is kept, for everybody."""
        await current().engine.touch([EVERYTHING])

    async def stats(self) -> Mapping[str, int]:
        """How many entries are kept: in Valkey for all processes, and in this process, with bytes.

        Raises CacheUnavailable.
        """
        runtime = current()
        sizes, memory = await runtime.shared.sizes(), runtime.cache.memory
        return {
            "total_entries": sizes.active + sizes.expired,
            "active_entries": sizes.active,
            "expired_entries": sizes.expired,
            "memory_entries": len(memory),
            "memory_bytes": memory.size_bytes,
        }


_cache = QueryCache()


def get_cache() -> QueryCache:
    """Return the cache of values; it works in whatever event loop it is used in."""
    return _cache


def _question(user_id: str, table: str, params: Any, ttl: float | None = None) -> Question:
    return Question(Kind(relation_of(table), ttl), user_id, ["value", params])
