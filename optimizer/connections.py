"""Pooled supabase-py clients for applications, over the running loop's runtime."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from supabase import AsyncClient

from optimizer.runtime import current
from optimizer.upstream.pool import ConnectionPool

T = TypeVar("T")


def get_connection_pool() -> ConnectionPool:
    """Return the running loop's pool: `async with get_connection_pool().get_connection(…)`."""
    return current().pool


def supabase_client(
    user_id: str | None = None, access_token: str | None = None
) -> AbstractAsyncContextManager[AsyncClient]:
    """Lend a supabase-py client whose requests pass through the engine."""
    return current().pool.get_connection(user_id, access_token)


async def with_pooled_connection(
    fn: Callable[[AsyncClient], Awaitable[T]],
    user_id: str | None = None,
    jwt_token: str | None = None,
) -> T:
    """Call `fn` with a pooled client and return what it returns."""
    async with get_connection_pool().get_connection(user_id, jwt_token) as client:
        return await fn(client)
