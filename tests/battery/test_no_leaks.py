"""Many callers at once: nobody ever gets another's answer, role, claims or setting."""

import asyncio
import random

import httpx
import pytest

from canvalo.devstack import tokens

CALLERS = ["alice", "bob", "carol", "anon", "service_role"]
AT_ONCE = 50


def headers(battery, who: str) -> dict[str, str]:
    """As supabase-py sends them."""
    key = battery.service_role_key if who == "service_role" else battery.anon_key
    bearer = tokens.user(battery.jwt_secret, who) if who in tokens.USERS else key
    return {"apikey": key, "Authorization": f"Bearer {bearer}"}


async def run(battery, truth, requests: int, seed: int = 11) -> None:
    """Ask in random order and compare every answer with PostgreSQL's."""
    dress = {who: headers(battery, who) for who in CALLERS}
    names = {who: truth.value("select public.who_am_i()", who) for who in CALLERS}
    sql = "select id, owner_id from api.contacts order by id limit 3"
    rows = {who: truth.rows(sql, who) for who in CALLERS}
    gate, chance = asyncio.Semaphore(AT_ONCE), random.Random(seed)

    async def ask(client: httpx.AsyncClient, who: str, what: int) -> None:
        async with gate:
            if what == 0:
                answer = await client.post("/rpc/who_am_i", json={}, headers=dress[who])
                assert answer.json() == names[who]
            elif what == 1:
                own = {**dress[who], "Accept-Profile": "api"}
                path = "/contacts?select=id,owner_id&order=id&limit=3"
                answer = await client.get(path, headers=own)
                assert answer.json() == rows[who]
            elif what == 2:
                answer = await client.get("/things?id=eq.x", headers=dress[who])
                assert answer.status_code == 400  # its transaction must not outlive it
            else:
                own = {**dress[who], "Prefer": "tx=rollback", "Content-Profile": "api"}
                answer = await client.delete("/contacts?name=not.is.null", headers=own)
                assert answer.status_code == 204

    limits = httpx.Limits(max_connections=AT_ONCE)
    base = f"{battery.url}/rest/v1"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=60) as client:
        kinds = chance.choices([0, 1, 2, 3], weights=[10, 10, 2, 0.02], k=requests)
        await asyncio.gather(*(ask(client, chance.choice(CALLERS), what) for what in kinds))


async def test_a_thousand_requests_at_once(battery, truth):
    await run(battery, truth, 1000)
    assert (
        truth.value(
            "select count(*) from pg_stat_activity where state like 'idle in tr%' and pid <> pg_backend_pid() and datname = current_database()"
        )
        == 0
    )


@pytest.mark.slow
async def test_twenty_thousand_requests(battery, truth):
    await run(battery, truth, 20_000)
