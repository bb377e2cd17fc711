"""Precise invalidation over the running stack: what is declared and learnt is used, and no more."""

import json

import pytest

from canvalo.devstack.tokens import USERS
from optimizer import optimization_settings, policies, runtime, supabase_client
from optimizer.conf import Overrides
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event
from optimizer.domain.query import Change
from optimizer.models import TableSettings

ALICE, BOB = USERS["alice"], USERS["bob"]
CONTACTS = {
    "relation": "api.contacts", "fine_grain": True, "rewritten_columns": "updated_at",
    "owner_column": "owner_id",
}  # fmt: skip


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db):
    """This loop's runtime over the stand-in; no table has settings."""
    await TableSettings.objects.all().adelete()
    yield runtime.current()
    optimization_settings.adopt(Overrides())
    await runtime.close_current()


async def declare(engine, **fields):
    """An operator's declaration, in force, with the schema learnt."""
    from asgiref.sync import sync_to_async

    await sync_to_async(policies.save)(TableSettings(**fields), None)
    await engine.refresh_settings()
    await engine.refresh_schema()


class Caller:
    """One user's requests, by supabase-py's own httpx client."""

    def __init__(self, token):
        self.token = token

    async def ask(self, path, method="GET", rows=None):
        """How a request was answered."""
        async with supabase_client(access_token=self.token) as client:
            http = client.postgrest.session
            body = None if rows is None else json.dumps(rows)
            headers = {
                "authorization": f"Bearer {self.token}", "accept-profile": "api",
                "content-profile": "api", "content-type": "application/json",
                "prefer": "return=representation",
            }  # fmt: skip
            url = f"{runtime.current().config.supabase_url}/rest/v1/{path}"
            answer = await http.request(method, url, headers=headers, content=body)
            answer.raise_for_status()
            return answer

    async def read(self, path):
        """`hit` or `miss`."""
        return (await self.ask(path)).headers["x-cache"]


@pytest.fixture
def alice(token_for):
    """She has contacts of her own."""
    return Caller(token_for("alice"))


@pytest.fixture
def bob(token_for):
    """So has he."""
    return Caller(token_for("bob"))


async def two(caller):
    """The ids of two contacts."""
    rows = (await caller.ask("contacts?select=id&order=id&limit=2")).json()
    return [row["id"] for row in rows]


def rename(caller, name):
    """A write to one row, to what it was or not."""
    return caller.ask(f"contacts?id=eq.{name}", "PATCH", {"phone": "1"})


async def test_a_row_survives_writes_to_other_rows(engine, alice):
    """And ends with its own."""
    await declare(engine, **CONTACTS)
    one, other = await two(alice)
    path = f"contacts?id=eq.{one}"
    assert [await alice.read(path) for _ in range(2)] == ["miss", "hit"]
    await rename(alice, other)
    assert await alice.read(path) == "hit"
    await rename(alice, one)
    assert await alice.read(path) == "miss"


async def test_without_a_declaration_a_table_is_one(engine, alice):
    """Nobody knows what stands behind it."""
    await engine.refresh_schema()
    one, other = await two(alice)
    path = f"contacts?id=eq.{one}"
    await alice.read(path)
    await rename(alice, other)
    assert await alice.read(path) == "miss"


async def test_one_user_s_writes_leave_another_s_answers_alone(engine, alice, bob):
    """The policy shows and takes nobody's rows but the caller's."""
    await declare(engine, **CONTACTS)
    path = "contacts?select=name&order=name"
    for who in (alice, bob):
        await who.read(path)
    await rename(bob, (await two(bob))[0])
    assert await alice.read(path) == "hit"
    assert await bob.read(path) == "miss"


async def test_a_row_that_is_not_there_is_missed_until_it_comes(engine, alice, token_for):
    """A point read of nothing holds more than its row."""
    await declare(engine, **CONTACTS)
    new = "00000000-0000-4000-8000-0000000abcde"
    path = f"contacts?id=eq.{new}"
    try:
        assert [await alice.read(path) for _ in range(2)] == ["miss", "hit"]
        await alice.ask("contacts", "POST", {"id": new, "name": "New", "owner_id": ALICE})
        answer = await alice.ask(path)
        assert (answer.headers["x-cache"], len(answer.json())) == ("miss", 1)
    finally:
        await alice.ask(path, "DELETE")
    assert (await alice.ask(path)).json() == []


async def test_an_embed_is_cached_and_ends_with_what_it_embeds(engine, alice):
    """Resolved by the foreign keys that the document shows."""
    path = "projects?select=name,contacts(name)&order=name&limit=5"
    assert await alice.read(path) == "bypass"  # nobody has needed the document before
    await engine.refresh_schema()
    assert [await alice.read(path) for _ in range(2)] == ["miss", "hit"]
    await rename(alice, (await two(alice))[0])
    assert await alice.read(path) == "miss"


async def test_a_declaration_that_is_taken_back_no_longer_holds(engine, alice):
    """From the next write on."""
    from asgiref.sync import sync_to_async

    await declare(engine, **CONTACTS)
    one, other = await two(alice)
    await sync_to_async(policies.delete)(await TableSettings.objects.aget(), None)
    await engine.refresh_settings()
    path = f"contacts?id=eq.{one}"
    await alice.read(path)
    await rename(alice, other)
    assert await alice.read(path) == "miss"


async def test_filters_end_only_by_rows_that_may_pass_them(engine, alice, bob):
    """By the rows that a write returns, and by those that a webhook shows."""
    await declare(engine, relation="api.contacts", fine_grain=True, exact_text=True,
                  rewritten_columns="updated_at")  # fmt: skip
    path = "contacts?phone=like.999*&order=name&limit=5"
    assert [await alice.read(path) for _ in range(2)] == ["miss", "hit"]
    await rename(bob, (await two(bob))[0])
    assert await alice.read(path) == "miss"  # it may have had such a number before
    one = (await two(bob))[0]
    await bob.ask(f"contacts?id=eq.{one}", "PATCH", {"company": "Other"})
    assert await alice.read(path) == "hit"
    row = (await bob.ask(f"contacts?id=eq.{one}")).json()[0]
    await past(engine, row, {**row, "phone": "12"})
    assert await alice.read(path) == "hit"
    await past(engine, row, {**row, "phone": "999-1"})
    assert await alice.read(path) == "miss"


async def past(engine, old, new):
    """A webhook of an UPDATE."""
    await engine.engine.take([Event(Change("api", "contacts", Operation.UPDATE), new, old)], "test")


async def test_a_truncate_past_the_engine_is_bounded_by_the_ttl_alone(engine, alice, supabase_sql):
    """It sends no webhook; until the TTL, or `touch`, the answer of before is served."""
    await declare(engine, **CONTACTS)
    path = "appointments?select=id&order=id&limit=3"
    before = await alice.ask(path)
    connection = supabase_sql()
    connection.execute("create temp table kept as table api.appointments")
    connection.execute("truncate api.appointments")
    try:
        stale = await alice.ask(path)
        assert (stale.headers["x-cache"], stale.json()) == ("hit", before.json())
        assert int(stale.headers["age"]) <= optimization_settings.policy("api.appointments").ttl
        await engine.engine.touch(["r:api.appointments"])
        assert (await alice.ask(path)).json() == []
    finally:
        connection.execute("insert into api.appointments table kept")
