"""`get_rows`: PostgREST's bytes by the engine, for views that send them on."""

import gzip
import json

import pytest

from optimizer import get_rows, runtime, supabase_client
from optimizer.errors import QueryError, TokenMissing
from tests.optimizer.callers import user
from tests.optimizer.upstream import rows

ALL = [("select", "*")]


@pytest.fixture
async def project(configured, upstream):
    """A project whose Supabase is the test's server."""
    configured.SUPABASE_URL = upstream.url
    yield upstream
    await runtime.close_current()


async def test_rows_come_as_bytes_and_then_from_the_cache(project):
    """One call for two questions that are the same."""
    project.answer = lambda _: rows([{"id": 7}])
    first = await get_rows("api.contacts", [*ALL, ("id", "eq.7")], access_token=user())
    second = await get_rows("api.contacts", [("id", "eq.7"), *ALL], access_token=user())
    assert [first.outcome, second.outcome] == ["miss", "hit"]
    assert json.loads(second.answer.plain()) == [{"id": 7}]
    (asked,) = project.asked
    assert asked.target == "/rest/v1/contacts?select=%2A&id=eq.7"
    assert asked.headers["accept-profile"] == "api"
    assert asked.bearer == user()


async def test_another_caller_and_another_form_have_answers_of_their_own(project):
    """Who asks, what is preferred and what form is wanted make another question."""
    asked = {"table": "api.contacts", "params": ALL, "access_token": user()}
    variants = [
        {},
        {"access_token": user("bob")},
        {"prefer": "count=exact"},
        {"accept": "text/csv"},
        {"table": "other.contacts"},
    ]
    found = [await get_rows(**{**asked, **variant}) for variant in variants]
    assert [one.outcome for one in found] == ["miss"] * 5


async def test_a_write_by_any_door_ends_it(project):
    """The engine is one."""
    await get_rows("api.contacts", ALL, access_token=user())
    async with supabase_client(access_token=user("bob")) as client:
        await client.schema("api").table("contacts").insert({"id": 2}).execute()
    assert (await get_rows("api.contacts", ALL, access_token=user())).outcome == "miss"


async def test_a_refusal_is_an_answer_and_is_not_kept(project):
    """The view tells it on."""
    project.answer = lambda _: (403, {}, b'{"code":"42501"}')
    found = [await get_rows("api.contacts", ALL, access_token=user()) for _ in range(2)]
    assert [(one.answer.status, one.outcome) for one in found] == [(403, "error")] * 2


async def test_what_came_packed_is_kept_packed_and_unpacked_for_who_asks(project):
    """A view may send it on as it is."""
    packed = gzip.compress(b'[{"id":1}]')
    project.answer = lambda _: (200, {"content-encoding": "gzip"}, packed)
    for _ in range(2):
        found = await get_rows("api.contacts", ALL, access_token=user())
        assert (found.answer.body, found.answer.plain()) == (packed, b'[{"id":1}]')


async def test_a_token_that_does_not_verify_is_cached_for_nobody(project):
    """Supabase says what is wrong with it."""
    found = [await get_rows("api.contacts", ALL, access_token="forged") for _ in range(2)]
    assert [one.outcome for one in found] == ["bypass"] * 2
    assert [one.bearer for one in project.asked] == ["forged"] * 2


@pytest.mark.parametrize("table", ["rpc/secret", "a/b", "", "api."])
async def test_what_is_no_table_is_refused(project, table):
    """Nothing is sent."""
    with pytest.raises(QueryError):
        await get_rows(table, access_token=user())
    assert not project.asked


async def test_an_empty_token_is_refused(project):
    """It would silently be somebody else."""
    with pytest.raises(TokenMissing):
        await get_rows("contacts", access_token="")
    assert not project.asked
