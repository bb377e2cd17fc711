"""Rows of any table: what the API asks, built by supabase-py and answered by the engine."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from postgrest.types import CountMethod

from canvalo.crm.search import any_contains
from canvalo.crm.tables import SCHEMA, Table
from optimizer import supabase_client


async def list_page(token: str, table: Table, asked: Mapping[str, Any]) -> httpx.Response:
    """Ask for one page; ties are broken by id, so that pages neither overlap nor skip.

    `asked` holds search, order, limit, offset, and the columns that must equal a value.
    """
    rest = {**asked}
    search, order = rest.pop("search"), rest.pop("order")
    limit, offset = rest.pop("limit"), rest.pop("offset")
    column, _, direction = order.partition(".")
    async with supabase_client(access_token=token) as client:
        query = client.schema(SCHEMA).table(table.name).select("*", count=CountMethod.exact)
        for name, value in rest.items():
            query = query if value is None else query.eq(name, str(value))
        if search:
            query = query.or_(any_contains(table.searched, search))
        page = query.order(column, desc=direction == "desc").order("id").limit(limit)
        return await send(page.offset(offset) if offset else page)


async def get(token: str, table: Table, key: UUID) -> httpx.Response:
    """Ask for one row, as an object; 406 where the caller may see none."""
    async with supabase_client(access_token=token) as client:
        rows = client.schema(SCHEMA).table(table.name)
        return await send(rows.select("*").eq("id", str(key)).single())


async def create(token: str, table: Table, values: dict[str, Any]) -> httpx.Response:
    """Insert one row; the answer holds it as stored, in a list."""
    async with supabase_client(access_token=token) as client:
        return await send(client.schema(SCHEMA).table(table.name).insert(values))


async def update(token: str, table: Table, key: UUID, values: dict[str, Any]) -> httpx.Response:
    """Change one row; the answer holds it as stored, in a list, or nothing."""
    async with supabase_client(access_token=token) as client:
        rows = client.schema(SCHEMA).table(table.name)
        return await send(rows.update(values).eq("id", str(key)))


async def delete(token: str, table: Table, key: UUID) -> httpx.Response:
    """Delete one row; the answer holds it as it was, in a list, or nothing."""
    async with supabase_client(access_token=token) as client:
        rows = client.schema(SCHEMA).table(table.name)
        return await send(rows.delete().eq("id", str(key)))


async def send(query: Any) -> httpx.Response:
    """Send a query as supabase-py would, but keep the answer's bytes and headers.

    `execute()` parses the rows into objects, which a view that only passes them on need not pay.
    """
    response: httpx.Response = await query.request.send(httpx.Headers())
    return response
