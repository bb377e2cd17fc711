"""Pooled supabase-py clients for applications, over the running loop's runtime."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar, overload

from supabase import AsyncClient, Client

from optimizer.cache.served import Served
from optimizer.conf import optimization_settings
from optimizer.domain.relation import split_name
from optimizer.errors import TokenMissing
from optimizer.rows import headers_of
from optimizer.runtime import current, own_loop
from optimizer.upstream.pool import ConnectionPool

T = TypeVar("T")


def get_connection_pool() -> ConnectionPool[AsyncClient]:
    """Return the running loop's pool: `async with get_connection_pool().get_connection(…)`."""
    return current().pool


def supabase_client(
    user_id: str | None = None, access_token: str | None = None
) -> AbstractAsyncContextManager[AsyncClient]:
    """Lend a supabase-py client whose requests pass through the engine."""
    return current().pool.get_connection(user_id, access_token)


async def get_rows(
    table: str,
    params: Sequence[tuple[str, str]] = (),
    *,
    access_token: str,
    prefer: str = "",
    accept: str = "application/json",
) -> Served:
    """Read rows as the bytes that PostgREST answers with: `answer.plain()`, never parsed here.

    For views that send rows on, which need no supabase-py client and none of its time. `params` are
    PostgREST's own (`[("select", "*"), ("id", "eq.7")]`), `table` may name its schema. A refusal is
    an answer too: look at `answer.status`. Raises TokenMissing, QueryError, and the engine's errors
    where no answer came.
    """
    if not access_token:
        raise TokenMissing("an empty token was given")
    schema, name = split_name(table, optimization_settings.default_schema)
    headers = headers_of(prefer, accept)
    return await current().rows.get(schema, name, params, access_token, headers)


@contextmanager
def supabase_client_sync(
    user_id: str | None = None, access_token: str | None = None
) -> Iterator[Client]:
    """The same for code without an event loop: a sync supabase-py client, one cache, one pool.

    Its requests are sent by an event loop in a thread of its own, while the caller waits.
    """

    async def take() -> tuple[AbstractAsyncContextManager[Client], Client]:
        lease = current().sync_pool.get_connection(user_id, access_token)
        return lease, await lease.__aenter__()

    lease, client = own_loop.run(take)
    try:
        yield client
    finally:
        own_loop.run(lambda: lease.__aexit__(None, None, None))


@overload
async def with_pooled_connection(
    fn: Callable[[AsyncClient], Awaitable[Awaitable[T]]],
    user_id: str | None = None,
    jwt_token: str | None = None,
) -> T: ...
@overload
async def with_pooled_connection(
    fn: Callable[[AsyncClient], Awaitable[T]],
    user_id: str | None = None,
    jwt_token: str | None = None,
) -> T: ...
async def with_pooled_connection(
    fn: Callable[[AsyncClient], Any], user_id: str | None = None, jwt_token: str | None = None
) -> Any:
    """Call `fn` with a pooled client and return what it returns.

    `fn` need not await the query that it builds: `lambda c: c.table("t").select("*").execute()` and
    an async function that returns the same both give the rows' answer.
    """
    async with get_connection_pool().get_connection(user_id, jwt_token) as client:
        found = fn(client)
        while inspect.isawaitable(found):
            found = await found
        return found
