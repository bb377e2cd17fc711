"""What a batch sends: columns in one order, keys within the URL's room, the caller's headers."""

import json
import re
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from canvalo.devstack import tokens
from canvalo.devstack.postgrest.parameters import read_query
from optimizer import (
    Config,
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    batch_upsert_records,
    open_engine,
    optimization_settings,
    runtime,
)
from optimizer.conf import Overrides
from tests.optimizer.callers import SECRET, user
from tests.optimizer.upstream import rows


@pytest.fixture
async def engine(upstream, fresh_valkey, monkeypatch):
    """An engine before a server that stores everything."""
    monkeypatch.setattr(runtime, "_recorder", None)
    upstream.answer = lambda asked: rows(json.loads(asked.body or b"[]"), 201)
    key = tokens.api_key(SECRET, "anon")
    config = Config(upstream.url, key, jwt_secret=SECRET, valkey_url=fresh_valkey)
    async with open_engine(config) as opened:
        yield opened
    optimization_settings.adopt(Overrides())


def query(asked):
    """The parameters of a request."""
    return {name: value[0] for name, value in parse_qs(urlsplit(asked.target).query).items()}


def head_bytes(asked):
    """What URL and headers have together."""
    return len(asked.target) + sum(len(name + value) + 4 for name, value in asked.headers.items())


async def test_columns_go_in_one_order(engine, upstream):
    """So the same rows are the same request in every process."""
    some = [{"b": 1, "a": 2, "c": 3}, {"c": 6, "b": 4, "a": 5}]
    await batch_insert_records("api.things", some, None, user())
    (asked,) = upstream.asked
    assert (asked.method, asked.path, query(asked)) == (
        "POST", "/rest/v1/things", {"columns": '"a","b","c"'},
    )  # fmt: skip
    assert asked.body == b'[{"a":2,"b":1,"c":3},{"a":5,"b":4,"c":6}]'
    assert asked.bearer == user()
    assert asked.headers["prefer"] == "return=representation"
    assert (asked.headers["content-profile"], asked.headers["content-type"]) == (
        "api", "application/json",
    )  # fmt: skip


async def test_an_upsert_names_its_conflict_target(engine, upstream):
    """And what to do about it."""
    await batch_upsert_records("things", [{"a": 1, "b": 2}], None, user(), key=("a", "b"))
    (asked,) = upstream.asked
    assert query(asked) == {"columns": '"a","b"', "on_conflict": '"a","b"'}
    assert "resolution=merge-duplicates" in asked.headers["prefer"]


async def test_keys_are_quoted(engine, upstream):
    """A comma or a quote in a key is no separator."""
    keys = ["a,b", 'c"d', "e\\f", "(g)"]
    await batch_delete_records("things", keys, None, user())
    assert query(upstream.asked[0])["id"] == r'in.("a,b","c\"d","e\\f","(g)")'


@pytest.mark.parametrize("key", ["limit", "columns", "on_conflict", "order", "first.name", "a b"])
async def test_a_key_column_of_any_name_is_filtered_by(engine, upstream, key):
    """`limit=in.(…)` would be no filter, and the delete would empty the table."""
    upstream.answer = lambda _: rows([])
    await batch_delete_records("things", ["1", "2"], None, user(), key=key)
    await batch_update_records("things", [{key: "1", "b": 2}], None, user(), key=key)
    for asked in upstream.asked:
        read = read_query(urlsplit(asked.target).query, arguments_allowed=False)
        ((path, condition),) = read.filters
        assert (path, condition.field.name, read.ranges) == ((), key, ())
        assert f'"{key}"' in query(asked)


@pytest.mark.parametrize("most", [1, 2, 100])
async def test_rows_are_found_however_few_an_answer_may_hold(engine, upstream, most):
    """Of what a project's `db-max-rows` leaves out, nothing is taken for missing."""
    stored = [{"id": str(n), "b": n} for n in range(5)]

    def answer(asked):
        named = re.findall(r'"([^"]+)"', query(asked).get("id", ""))
        return rows([row for row in stored if row["id"] in named][:most])

    upstream.answer = answer
    sent = [*stored, {"id": "x", "b": 0}]
    result = await batch_insert_records("things", sent, None, user(), resume=True)
    assert [o.status.value for o in result.outcomes] == ["done"] * 5 + ["skipped"]


@pytest.mark.parametrize("claim", ["", "x" * 6000], ids=["short token", "long token"])
async def test_url_and_headers_stay_below_16_kb(engine, upstream, claim):
    """Supabase answers 520 beyond; a long token takes its part of the room."""
    optimization_settings.adopt(Overrides(engine={"batch_max_size": 10_000}))
    keys = [str(uuid.uuid4()) for _ in range(1000)]
    changes = [{"id": key, "name": "x"} for key in keys]
    upstream.answer = lambda _: rows([])
    token = user(more=claim)
    await batch_delete_records("things", keys, None, token)
    await batch_update_records("things", changes, None, token)
    sizes = [head_bytes(asked) for asked in upstream.asked]
    assert max(sizes) < 16_000
    sent = [key for a in upstream.asked for key in re.findall(r'"([^"]+)"', query(a)["id"])]
    assert sorted(sent) == sorted([*keys, *keys])
    assert len(sizes) <= (10 if not claim else 20)


async def test_bodies_stay_below_their_bytes(engine, upstream):
    """Rows of any size share requests as they fit."""
    optimization_settings.adopt(Overrides(engine={"batch_max_bytes": 10_000}))
    some = [{"text": "x" * (100 * n)} for n in range(60)]
    result = await batch_insert_records("things", some, None, user())
    assert result.succeeded == 60
    assert max(len(asked.body) for asked in upstream.asked) <= 10_001
    assert result.calls == len(upstream.asked) < 25
