"""The public functions, by the names that the original description uses."""

import uuid

from canvalo.devstack import tokens
from optimizer import (
    batch_insert_records,
    get_connection_pool,
    runtime,
    supabase_client,
    with_pooled_connection,
)
from optimizer.conf import Overrides, optimization_settings
from optimizer.defaults import Defaults
from optimizer.domain.chunks import RowStatus
from optimizer.domain.facts import CacheRead, ReadOutcome
from tests.optimizer.callers import Listening, ask, user
from tests.optimizer.upstream import rows


async def test_the_public_functions_lend_pooled_clients(configured, upstream):
    """By the original's names."""
    configured.SUPABASE_URL = upstream.url

    async def fetch(client):
        return (await client.schema("api").table("contacts").select("*").execute()).data

    assert await with_pooled_connection(fetch, jwt_token=user()) == [{"id": 1}]
    async with supabase_client(access_token=user()) as client:
        assert await fetch(client) == [{"id": 1}]
    async with get_connection_pool().get_connection(jwt_token=user()) as same:
        assert same is client
    assert len(upstream.asked) == 1
    await runtime.close_current()


async def test_a_batch_against_the_real_thing(supabase, supabase_sql, configured, token_for):
    """A row of another owner and a row of a wrong type fail alone; each good row is stored once."""
    configured.SUPABASE_URL, configured.SUPABASE_ANON_KEY = supabase.url, supabase.anon_key
    name = f"batch-{uuid.uuid4()}"
    records = [{"name": f"{name}-{n}", "contact_type": "lead"} for n in range(23)]
    records[5]["contact_type"] = "enemy"
    records[9]["owner_id"] = tokens.USERS["bob"]
    result = await batch_insert_records("contacts", records, jwt_token=token_for("alice"))
    failed = {o.index: o.code for o in result.outcomes if o.status is not RowStatus.DONE}
    assert failed == {5: "23514", 9: "42501"}
    query = "select name from api.contacts where name like %s"
    stored = sorted(row[0] for row in supabase_sql().execute(query, [f"{name}-%"]))
    assert stored == sorted(f"{name}-{n}" for n in range(23) if n not in failed)
    assert [o.row["name"] for o in result.outcomes if o.row] == [
        record["name"] for n, record in enumerate(records) if n not in failed
    ]
    supabase_sql().execute("delete from api.contacts where name like %s", [f"{name}-%"])
    await runtime.close_current()


async def test_a_batch_that_is_switched_off_sends_row_by_row(configured, upstream, monkeypatch):
    """As the variable says."""
    configured.SUPABASE_URL = upstream.url
    upstream.answer = lambda asked: rows(asked.json(), 201)
    with monkeypatch.context() as patched:
        patched.setattr(optimization_settings, "_defaults", Defaults(batch_enabled=False))
        optimization_settings.adopt(Overrides())
        result = await batch_insert_records("contacts", [{"n": 1}] * 3, jwt_token=user())
    optimization_settings.adopt(Overrides())
    assert (result.succeeded, result.calls, len(upstream.asked)) == (3, 3, 3)
    await runtime.close_current()


async def test_every_read_is_counted_by_the_process(configured, upstream):
    """The recorder hears what the engine did."""
    configured.SUPABASE_URL = upstream.url
    runtime._recorder = Listening()
    await ask(runtime.current(), user())
    reads = [fact for fact in runtime.recorder().facts if isinstance(fact, CacheRead)]
    assert [fact.outcome for fact in reads] == [ReadOutcome.MISS]
    await runtime.close_current()
