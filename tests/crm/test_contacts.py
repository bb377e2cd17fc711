"""Contacts over HTTP: the flow of part one, as alice, bob and anon see it."""

import json
import uuid

import pytest

LIST = "/api/contacts?limit=5"
NEW = {"name": "Ada Lovelace", "email": "ada@example.com", "contact_type": "customer"}


async def test_a_repeated_list_is_a_hit_with_an_equal_body(person):
    alice = person("alice")
    first = await alice.ask("get", LIST)
    second = await alice.ask("get", LIST)
    assert (first.status_code, first["X-Cache"]) == (200, "miss")
    assert (second.status_code, second["X-Cache"]) == (200, "hit")
    assert first.content == second.content
    assert len(json.loads(first.content)) == 5
    assert "Age" in second.headers
    assert "engine;dur=" in second["Server-Timing"]


async def test_a_write_is_seen_by_the_next_list(person):
    alice = person("alice")
    path = "/api/contacts?search=Lovelace"
    await alice.ask("get", path)
    made = await alice.ask("post", "/api/contacts", NEW)
    assert made.status_code == 201
    after = await alice.ask("get", path)
    assert after["X-Cache"] == "miss"
    assert made.json()["id"] in {row["id"] for row in after.json()}
    await alice.ask("delete", f"/api/contacts/{made.json()['id']}")


async def test_nobody_sees_anothers_rows(person, supabase_sql):
    alice, bob = person("alice"), person("bob")
    hers = (await alice.ask("get", LIST)).json()
    his = (await bob.ask("get", LIST)).json()
    assert {row["owner_id"] for row in hers}.isdisjoint(row["owner_id"] for row in his)
    assert (await bob.ask("get", f"/api/contacts/{hers[0]['id']}")).status_code == 404
    total = supabase_sql().execute("select count(*) from api.contacts").fetchone()[0]
    assert total > len(hers) + len(his)


async def test_anon_reads_none_at_all(person):
    anon = person("alice", role="anon", sub=str(uuid.uuid4()))
    answer = await anon.ask("get", LIST)
    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_contact_lives_from_create_to_delete(person):
    alice = person("alice")
    made = (await alice.ask("post", "/api/contacts", NEW)).json()
    path = f"/api/contacts/{made['id']}"
    assert (await alice.ask("get", path)).json() == made
    changed = await alice.ask("patch", path, {"company": "Analytical Engines"})
    assert changed.json()["company"] == "Analytical Engines"
    assert (await alice.ask("get", path)).json()["company"] == "Analytical Engines"
    assert (await alice.ask("delete", path)).status_code == 200
    for method, data in (("get", None), ("patch", {"name": "x"}), ("delete", None)):
        assert (await alice.ask(method, path, data)).status_code == 404


async def test_bob_cannot_change_or_delete_alices_contact(person):
    alice, bob = person("alice"), person("bob")
    row = (await alice.ask("get", LIST)).json()[0]
    path = f"/api/contacts/{row['id']}"
    assert (await bob.ask("patch", path, {"name": "stolen"})).status_code == 404
    assert (await bob.ask("delete", path)).status_code == 404
    assert (await alice.ask("get", path)).json() == row


async def test_filter_search_order_and_paging(person):
    alice = person("alice")
    leads = (await alice.ask("get", "/api/contacts?contact_type=lead&limit=200")).json()
    assert leads
    assert {row["contact_type"] for row in leads} == {"lead"}
    newest = (await alice.ask("get", "/api/contacts?order=created_at.desc&limit=50")).json()
    times = [row["created_at"] for row in newest]
    assert times == sorted(times, reverse=True)
    pages = [
        (await alice.ask("get", f"/api/contacts?limit=40&offset={offset}")).json()
        for offset in (0, 40, 80)
    ]
    ids = [row["id"] for page in pages for row in page]
    assert len(set(ids)) == 120


async def test_content_range_says_how_many_there_are(person, supabase_sql):
    answer = await person("bob").ask("get", "/api/contacts?limit=10")
    owner = answer.json()[0]["owner_id"]
    query = "select count(*) from api.contacts where owner_id = %s"
    total = supabase_sql().execute(query, [owner]).fetchone()[0]
    assert answer["Content-Range"] == f"0-9/{total}"


@pytest.mark.parametrize("text", ["100%", "a_b", 'quo"te', "com,ma", "par(en)", "back\\slash", "."])
async def test_what_is_searched_for_stays_a_value(person, text):
    alice = person("alice")
    made = (await alice.ask("post", "/api/contacts", {"name": f"<{text}>"})).json()
    await alice.ask("post", "/api/contacts", {"name": "<plain>"})
    found = await alice._client.get(
        "/api/contacts", {"search": f"<{text}>"}, headers={"Authorization": f"Bearer {alice.token}"}
    )
    assert [row["id"] for row in found.json()] == [made["id"]]
    for row in (await alice.ask("get", "/api/contacts?search=%3C&limit=200")).json():
        await alice.ask("delete", f"/api/contacts/{row['id']}")


async def test_concurrent_equal_lists_ask_supabase_once(person, engine):
    import asyncio

    alice = person("alice")
    answers = await asyncio.gather(*(alice.ask("get", "/api/contacts?limit=7") for _ in range(20)))
    outcomes = [answer["X-Cache"] for answer in answers]
    assert outcomes.count("miss") == 1
    assert set(outcomes) <= {"miss", "coalesced", "hit"}
    assert len({answer.content for answer in answers}) == 1
