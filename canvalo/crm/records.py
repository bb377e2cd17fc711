"""Rows of any table: reads as bytes that are sent on, writes built by supabase-py."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from canvalo.crm.search import any_contains
from canvalo.crm.tables import SCHEMA, Table
from optimizer import get_rows, supabase_client
from optimizer.cache.served import Served

ONE_OBJECT = "application/vnd.pgrst.object+json"


async def list_page(token: str, table: Table, asked: Mapping[str, Any]) -> Served:
    """Ask for one page; ties are broken by id, so that pages neither overlap nor skip.

    `asked` holds search, order, limit, offset, and the columns that must equal a value.
    """
    rest = {**asked}
    search, order = rest.pop("search"), rest.pop("order")
    limit, offset = rest.pop("limit"), rest.pop("offset")
    column, _, direction = order.partition(".")
    params = [("select", "*")]
    params += [(name, f"eq.{value}") for name, value in rest.items() if value is not None]
    if search:
        params.append(("or", f"({any_contains(table.searched, search)})"))
    params += [("order", f"{column}.{direction or 'asc'},id.asc"), ("limit", str(limit))]
    params += [("offset", str(offset))] if offset else []
    return await get_rows(table.whole_name, params, access_token=token, prefer="count=exact")


async def get(token: str, table: Table, key: UUID) -> Served:
    """Ask for one row, as an object; 406 where the caller may see none."""
    params = [("select", "*"), ("id", f"eq.{key}")]
    return await get_rows(table.whole_name, params, access_token=token, accept=ONE_OBJECT)


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
