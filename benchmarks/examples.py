"""The three example scenarios of the original description, in process and over HTTP."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
from supabase import AsyncClient

from benchmarks.inprocess import MARK, Place, Work, medians, must_agree, plain
from benchmarks.relay import Relay
from benchmarks.report import Row
from canvalo.devstack.tokens import USERS
from optimizer import (
    batch_insert_records,
    cached_query,
    get_cache,
    get_connection_pool,
    with_pooled_connection,
)

ALICE = USERS["alice"]
_HOME = ("contacts", "projects", "invoices", "appointments")
_IMPORTED = 50


async def newest(client: AsyncClient, table: str, limit: int = 5, owner: str | None = ALICE) -> Any:
    """The rows that a screen shows; without an owner, those that the caller's token may see."""
    query = client.schema("api").table(table).select("*")
    if owner:
        query = query.eq("owner_id", owner)
    return (await query.order("created_at", desc=True).order("id").limit(limit).execute()).data


@cached_query("contacts", ttl=300)
async def get_contacts(user_id: str) -> Any:
    """The contact list, as the original caches it."""
    return await with_pooled_connection(partial(newest, table="contacts", limit=50), user_id)


async def rows(where: Place, web: str, rounds: int) -> list[Row]:
    """All three."""
    headers = {"Authorization": f"Bearer {where.stack.token('alice')}"}
    async with plain(where) as client, httpx.AsyncClient(base_url=web, headers=headers) as http:
        lists = await contact_lists(client, http, rounds)
        imports = await bulk_imports(where, client, http)
        return [*lists, *imports, *await home_screens(where, client, http, rounds)]


async def contact_lists(client: AsyncClient, http: httpx.AsyncClient, rounds: int) -> list[Row]:
    """Ten reads: a miss and nine hits, against ten calls."""
    path = "/api/contacts?limit=50&order=created_at.desc"
    plainly = partial(_ten, partial(newest, client, "contacts", 50))
    cold = partial(get_cache().invalidate_table, ALICE, "contacts")
    ours = await medians(partial(_ten, partial(get_contacts, ALICE)), plainly, rounds, cold)
    over_http = await medians(partial(_ten, partial(_got, http, path)), plainly, rounds, cold)
    name = "scenario 1, ms for 10 contact lists"
    return [
        Row(f"{name} (claim: 87.5% faster)", *ours, "<= 0.125"),
        Row(f"{name}, over HTTP", *over_http),
    ]


async def bulk_imports(where: Place, client: AsyncClient, http: httpx.AsyncClient) -> list[Row]:
    """Fifty inserts: calls in a batch, against calls one by one."""
    records = [{"name": f"{MARK} {n:02}", "owner_id": ALICE} for n in range(_IMPORTED)]

    async def singly() -> list[str]:
        contacts = client.schema("api").table("contacts")
        return [_names((await contacts.insert(r).execute()).data)[0] for r in records]

    async def batch() -> list[str]:
        return _names(
            o.row for o in (await batch_insert_records("contacts", records, ALICE)).outcomes
        )

    async def over_http() -> list[str]:
        sent = [{"name": record["name"]} for record in records]
        answer = (await http.post("/api/contacts/batch", json=sent)).raise_for_status()
        return _names(outcome["row"] for outcome in answer.json()["outcomes"])

    theirs, stored = await _calls(where.theirs, singly)
    found = [(await _calls(where.ours, work)) for work in (batch, over_http)]
    for _, names in found:
        must_agree(names, stored)
    where.forget()
    name = f"scenario 2, calls for {_IMPORTED} inserts"
    return [
        Row(f"{name} (claim: 98% fewer)", found[0][0], theirs, "<= 0.02"),
        Row(f"{name}, over HTTP", found[1][0], theirs),
    ]


async def home_screens(
    where: Place, client: AsyncClient, http: httpx.AsyncClient, rounds: int
) -> list[Row]:
    """Four parts at once: cached over the pool, against a new client for each screen."""

    async def ours() -> list[Any]:
        async with get_connection_pool().get_connection(ALICE) as pooled:
            return await _home(pooled)

    async def with_new_client() -> list[Any]:
        async with plain(where) as new:
            return await _home(new)

    async def with_her_token() -> list[Any]:
        async with plain(where, where.stack.token("alice")) as new:
            return await _home(new, owner=None)

    async def over_http() -> list[Any]:
        paths = (f"/api/{table}?limit=5&order=created_at.desc" for table in _HOME)
        return await asyncio.gather(*(_got(http, path) for path in paths))

    name = "scenario 3, ms for a home screen"
    return [
        Row(
            f"{name} (claim: 70-90% faster)",
            *await medians(ours, with_new_client, rounds),
            "<= 0.3",
        ),
        Row(f"{name}, theirs keep a client", *await medians(ours, partial(_home, client), rounds)),
        Row(f"{name}, over HTTP", *await medians(over_http, with_her_token, rounds)),
    ]


async def _home(client: AsyncClient, owner: str | None = ALICE) -> list[Any]:
    return await asyncio.gather(*(newest(client, table, owner=owner) for table in _HOME))


async def _ten(work: Work) -> list[Any]:
    return [await work() for _ in range(10)]


async def _got(http: httpx.AsyncClient, path: str) -> Any:
    return (await http.get(path)).raise_for_status().json()


async def _calls(witness: Relay, work: Callable[[], Any]) -> tuple[int, Any]:
    before = witness.requests
    answer = await work()
    return witness.requests - before, answer


def _names(rows: Any) -> list[str]:
    return [row["name"] for row in rows]
