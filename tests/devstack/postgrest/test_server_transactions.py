"""Each request in a transaction of its own: with its settings, and nothing of another's."""

import asyncio
import json

import pytest

SEEN = "/rpc/seen"


async def test_a_request_finds_itself_in_the_settings(client, bearer):
    headers = {**bearer("alice"), "X-Own": "Grüße".encode(), "Cookie": "a=1; b=two"}
    seen = (await client.get(SEEN, headers=headers)).json()
    assert (seen["role"], seen["method"], seen["path"]) == ("authenticated", "GET", SEEN)
    assert seen["claims"]["email"] == "alice@example.com"
    assert seen["claims"]["role"] == "authenticated"
    assert seen["headers"]["x-own"] == "Grüße"
    assert "cookie" not in seen["headers"]
    assert seen["cookies"] == {"a": "1", "b": "two"}
    assert seen["search_path"] == '"served", "public", "extensions"'


async def test_nobody_in_particular_is_anon(client):
    seen = (await client.get(SEEN)).json()
    assert (seen["role"], seen["claims"]) == ("anon", {"role": "anon"})
    assert seen["cookies"] is None


async def test_below_rest_v1_the_path_and_the_rows_are_the_same(client):
    assert (await client.get(f"/rest/v1{SEEN}")).json()["path"] == SEEN
    answer = await client.get("/rest/v1/items?limit=1")
    assert answer.headers["Content-Location"] == "/items?limit=1"


async def test_there_the_api_key_stands_in_for_a_token(client, token_for):
    key = {"apikey": token_for("alice")}
    assert (await client.get(f"/rest/v1{SEEN}", headers=key)).json()["role"] == "authenticated"
    assert (await client.get(SEEN, headers=key)).json()["role"] == "anon"


async def test_reads_cannot_write_and_writes_can(client):
    assert (await client.get(SEEN)).json()["read_only"] == "on"
    assert (await client.post("/rpc/serializable")).json() == "serializable"
    refused = await client.get("/rpc/take_id")
    assert (refused.status_code, refused.json()["code"]) == (405, "25006")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_of_a_request_reaches_the_next_on_its_connection(start, bearer, method):
    client = await start(pool_size=1)
    before = (await client.get(SEEN)).json()
    headers = {**bearer(role="served_slowly"), "Cookie": "a=1", "Prefer": "timezone=Asia/Tokyo"}
    slow = (await client.request(method, SEEN, headers=headers)).json()
    assert (slow["timeout"], slow["isolation"]) == ("1234ms", "repeatable read")
    assert (slow["datestyle"], slow["timezone"]) == ("German, DMY", "Asia/Tokyo")
    assert slow["cookies"] == {"a": "1"}
    assert (await client.get(SEEN)).json() == before
    assert (before["timeout"], before["isolation"]) == ("3s", "read committed")


async def test_a_functions_timeout_holds_before_it_is_called(client):
    refused = await client.post("/rpc/slow")
    assert (refused.status_code, refused.json()["code"]) == (500, "57014")


async def test_a_time_zone_can_be_preferred(client):
    zone = {"Prefer": "timezone=America/Los_Angeles"}
    answer = await client.get(SEEN, headers=zone)
    assert answer.json()["timezone"] == "America/Los_Angeles"
    assert answer.headers["Preference-Applied"] == zone["Prefer"]


async def test_an_unknown_role_is_refused(client, bearer):
    refused = await client.get("/items", headers=bearer(role="nobody_at_all"))
    assert (refused.status_code, refused.json()["code"]) == (401, "22023")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_denied_is_401_for_anon_and_403_for_others(client, bearer):
    nobody, somebody = [
        await client.get("/rpc/privileged", headers=headers) for headers in ({}, bearer())
    ]
    assert (nobody.status_code, somebody.status_code) == (401, 403)
    assert nobody.json()["code"] == somebody.json()["code"] == "42501"


async def test_after_any_failure_the_next_request_finds_nothing_of_it(client, bearer, caplog):
    """Errors in each phase, on every connection of the pool, and then only order."""
    failing = [
        client.get("/items?id=eq.x"),
        client.get("/items?nope=eq.1"),
        client.get("/items", headers=bearer(role="nobody_at_all")),
        client.post("/rpc/slow"),
        client.post("/items", json={"id": 1}),
        client.get("/items", headers={"Accept": "application/vnd.pgrst.object+json"}),
        client.post("/parts", json={"id": 1, "item_id": 999}),
    ]
    answers = await asyncio.gather(*failing)
    assert [answer.status_code for answer in answers] == [400, 400, 401, 500, 409, 406, 409]
    for _ in range(8):
        assert (await client.get(SEEN)).json()["role"] == "anon"
    assert not caplog.records  # nothing had to be tidied up by the pool


async def test_many_at_once_never_see_each_other(client, bearer):
    names = ["alice", "bob", "carol"] * 20
    answers = await asyncio.gather(*(client.get(SEEN, headers=bearer(n)) for n in names))
    assert [a.json()["claims"]["email"].partition("@")[0] for a in answers] == names


async def test_what_is_asked_to_be_rolled_back_is(client, sql):
    prefer = {"Prefer": "tx=rollback, return=representation"}
    answer = await client.post("/items", json={"id": 100}, headers=prefer)
    assert (answer.status_code, answer.json()[0]["id"]) == (201, 100)
    assert answer.headers["Preference-Applied"] == "return=representation, tx=rollback"
    assert sql.execute("select count(*) from served.items where id = 100").fetchone() == (0,)


async def test_a_rollback_still_finds_what_could_not_be_committed(client):
    refused = await client.post(
        "/parts", json={"id": 1, "item_id": 999}, headers={"Prefer": "tx=rollback"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "23503")


async def test_where_the_server_decides_a_rollback_is_not_heard(start, sql):
    client = await start(tx_override=False)
    answer = await client.post("/items", json={"id": 101}, headers={"Prefer": "tx=rollback"})
    assert "Preference-Applied" not in answer.headers
    assert sql.execute("delete from served.items where id = 101").rowcount == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_too_many_affected_rows_change_nothing(client, sql, method):
    before = sql.execute("select count(*), max(name) from served.items").fetchone()
    prefer = {"Prefer": "handling=strict, max-affected=2"}
    body = json.dumps({"name": "zzz"}) if method == "PATCH" else None
    refused = await client.request(method, "/items?id=gt.5", headers=prefer, content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST124")
    assert refused.json()["details"] == "The query affects 10 rows"
    assert sql.execute("select count(*), max(name) from served.items").fetchone() == before


async def test_one_object_or_nothing_is_changed(client, sql):
    accept = {"Accept": "application/vnd.pgrst.object+json"}
    refused = await client.patch("/items?id=lt.3", headers=accept, json={"name": "zzz"})
    assert (refused.status_code, refused.json()["code"]) == (406, "PGRST116")
    assert refused.json()["details"] == "The result contains 2 rows"
    found = sql.execute("select count(*) from served.items where name = 'zzz'").fetchone()
    assert found == (0,)
