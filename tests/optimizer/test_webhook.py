"""Supabase's database webhooks: what psql writes is seen, and nobody else can end an answer."""

import json

import pytest
from django.test import AsyncClient

from optimizer import get_cache, runtime

URL = "/api/optimization/webhooks/supabase"
SECRET = "a-secret-between-supabase-and-us"
ALICE = "00000000-0000-4000-8000-00000000a11c"


def written(kind="UPDATE", table="contacts", schema="api", **more):
    """A change as Supabase sends it."""
    return {
        "type": kind,
        "table": table,
        "schema": schema,
        "record": {},
        "old_record": None,
        **more,
    }


@pytest.fixture
async def cache(settings, fresh_valkey, transactional_db):
    """A value about contacts and one about projects are kept."""
    settings.OPTIMIZATION_WEBHOOK_SECRET = SECRET
    await runtime.current().refresh_settings()  # which sources a table has decides its tags
    kept = get_cache()
    for table in ("contacts", "projects"):
        await kept.set(ALICE, table, "p", 1)
    yield kept
    await runtime.close_current()


async def post(body, secret=SECRET, header="x-canvalo-secret"):
    """Send a webhook."""
    headers = {} if secret is None else {header: secret}
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return await AsyncClient().post(
        URL, data=text, content_type="application/json", headers=headers
    )


async def kept(cache):
    """Which of the two values are still served."""
    return [t for t in ("contacts", "projects") if await cache.get(ALICE, t, "p") is not None]


@pytest.mark.parametrize("kind", ["INSERT", "UPDATE"])
async def test_a_change_ends_what_is_kept_of_its_table(cache, kind):
    answer = await post(written(kind))
    assert (answer.status_code, answer.json()) == (200, {"changes": 1})
    assert await kept(cache) == ["projects"]


async def test_a_delete_ends_everything_since_it_goes_on_to_other_tables(cache):
    assert (await post(written("DELETE"))).status_code == 200
    assert await kept(cache) == []


async def test_a_list_is_taken_whole_and_repetition_does_no_harm(cache):
    body = [written(), written(table="projects"), written()]
    for _ in range(2):
        assert (await post(body)).json() == {"changes": 3}
    assert await kept(cache) == []


async def test_another_schema_s_table_is_another_table(cache):
    await post(written(schema="public"))
    assert await kept(cache) == ["contacts", "projects"]


async def test_a_bearer_token_will_do(cache):
    answer = await post(written(), f"Bearer {SECRET}", "authorization")
    assert answer.status_code == 200


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "ü"])
async def test_without_the_secret_nothing_is_touched(cache, secret):
    assert (await post(written(), secret)).status_code == 401
    assert await kept(cache) == ["contacts", "projects"]


async def test_without_a_secret_of_ours_nobody_comes_in(cache, settings):
    settings.OPTIMIZATION_WEBHOOK_SECRET = ""
    answer = await post(written(), "")
    assert answer.status_code == 503
    assert "OPTIMIZATION_WEBHOOK_SECRET" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        (b"\xff", 400),
        ("[" * 100_000, 400),
        (json.dumps(7), 422),
        (json.dumps({"type": "TRUNCATE", "table": "contacts", "schema": "api"}), 422),
        (json.dumps({"type": "INSERT", "table": "", "schema": "api"}), 422),
        (json.dumps({"type": "INSERT", "table": "contacts"}), 422),
        (json.dumps([written()] * 1001), 413),
        (json.dumps(written(record={"text": "x" * 1_100_000})), 413),
    ],
)
async def test_what_is_no_webhook_is_refused_and_touches_nothing(cache, body, status):
    answer = await post(body)
    assert answer.status_code == status, answer.content[:200]
    assert set(answer.json()) >= {"detail", "code"}
    assert await kept(cache) == ["contacts", "projects"]


async def test_where_valkey_is_away_the_sender_is_told_to_try_again(
    settings, wire, transactional_db
):
    settings.OPTIMIZATION_WEBHOOK_SECRET, settings.VALKEY_URL = SECRET, wire.url
    await wire.cut()
    assert (await post(written())).status_code == 503
    await runtime.close_current()
