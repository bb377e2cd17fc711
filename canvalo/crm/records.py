"""Contacts: the questions that the API asks, built by supabase-py and answered by the engine."""

from typing import Any
from uuid import UUID

import httpx
from postgrest.types import CountMethod

from canvalo.crm.search import any_contains
from optimizer import supabase_client

SCHEMA, TABLE = "api", "contacts"
SEARCHED = ("name", "email", "company")


async def list_page(
    token: str, search: str, contact_type: str | None, order: str, limit: int, offset: int
) -> httpx.Response:
    """Ask for one page; ties are broken by id, so that pages neither overlap nor skip."""
    column, _, direction = order.partition(".")
    async with supabase_client(access_token=token) as client:
        query = client.schema(SCHEMA).table(TABLE).select("*", count=CountMethod.exact)
        if contact_type:
            query = query.eq("contact_type", contact_type)
        if search:
            query = query.or_(any_contains(SEARCHED, search))
        page = query.order(column, desc=direction == "desc").order("id").limit(limit)
        return await _send(page.offset(offset) if offset else page)


async def get(token: str, contact_id: UUID) -> httpx.Response:
    """Ask for one contact, as an object; 406 where the caller may see none."""
    async with supabase_client(access_token=token) as client:
        table = client.schema(SCHEMA).table(TABLE)
        return await _send(table.select("*").eq("id", str(contact_id)).single())


async def create(token: str, values: dict[str, Any]) -> httpx.Response:
    """Insert one contact; the answer holds the stored row in a list."""
    async with supabase_client(access_token=token) as client:
        return await _send(client.schema(SCHEMA).table(TABLE).insert(values))


async def update(token: str, contact_id: UUID, values: dict[str, Any]) -> httpx.Response:
    """Change one contact; the answer holds the stored row in a list, or nothing."""
    async with supabase_client(access_token=token) as client:
        table = client.schema(SCHEMA).table(TABLE)
        return await _send(table.update(values).eq("id", str(contact_id)))


async def delete(token: str, contact_id: UUID) -> httpx.Response:
    """Delete one contact; the answer holds the row that went in a list, or nothing."""
    async with supabase_client(access_token=token) as client:
        table = client.schema(SCHEMA).table(TABLE)
        return await _send(table.delete().eq("id", str(contact_id)))


async def _send(query: Any) -> httpx.Response:
    """Send a query as supabase-py would, but keep the answer's bytes and headers.

    `execute()` parses the rows into objects, which a view that only passes them on need not pay.
    """
    response: httpx.Response = await query.request.send(httpx.Headers())
    return response
