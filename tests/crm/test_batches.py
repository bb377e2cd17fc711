"""Many rows in one request: an outcome for each, as the caller's own rows."""

import uuid

import pytest

from tests.crm.factories import ContactFactory, ProjectFactory

BATCH = "/api/contacts/batch"


def statuses(answer):
    """What became of each row."""
    return [outcome["status"] for outcome in answer.json()["outcomes"]]


async def test_rows_are_created_changed_and_deleted(person):
    alice = person("alice")
    made = await alice.ask("post", BATCH, ContactFactory.build_batch(120))
    assert made.status_code == 200, made.content
    assert (made.json()["succeeded"], made.json()["calls"]) == (120, 2)
    assert made.json()["calls_avoided"] == 118
    assert made.json()["counts"] == {
        "done": 120, "failed": 0, "skipped": 0, "unknown": 0, "not_attempted": 0,
    }  # fmt: skip
    assert made.json()["received_bytes"] > made.json()["sent_bytes"] > 120
    ids = [outcome["row"]["id"] for outcome in made.json()["outcomes"]]
    changed = await alice.ask("patch", BATCH, [{"id": key, "company": "Batch"} for key in ids])
    assert (statuses(changed), changed.json()["calls"]) == (["done"] * 120, 2)
    assert {o["row"]["company"] for o in changed.json()["outcomes"]} == {"Batch"}
    gone = await alice.ask("delete", BATCH, {"ids": ids})
    assert statuses(gone) == ["done"] * 120
    assert (await alice.ask("get", f"/api/contacts/{ids[0]}")).status_code == 404


async def test_a_row_that_postgresql_refuses_costs_no_other_its_place(person):
    alice = person("alice")
    rows = ProjectFactory.build_batch(5)
    rows[2] |= {"starts_on": "2026-02-01", "ends_on": "2026-01-01"}
    made = await alice.ask("post", "/api/projects/batch", rows)
    assert statuses(made) == ["done", "done", "failed", "done", "done"]
    assert made.json()["outcomes"][2]["code"] == "23514"
    ids = [o["row"]["id"] for o in made.json()["outcomes"] if "row" in o]
    await alice.ask("delete", "/api/projects/batch", {"ids": ids})


async def test_different_changes_share_a_call(person):
    alice = person("alice")
    made = await alice.ask("post", BATCH, ContactFactory.build_batch(30))
    ids = [outcome["row"]["id"] for outcome in made.json()["outcomes"]]
    changes = [{"id": key, "phone": str(n)} for n, key in enumerate(ids)]
    changed = await alice.ask("patch", BATCH, changes)
    assert (statuses(changed), changed.json()["calls"]) == (["done"] * 30, 1)
    assert [o["row"]["phone"] for o in changed.json()["outcomes"]] == [str(n) for n in range(30)]
    await alice.ask("delete", BATCH, {"ids": ids})


async def test_others_rows_are_skipped(person):
    alice, bob = person("alice"), person("bob")
    row = (await alice.ask("get", "/api/contacts?limit=1")).json()[0]
    changed = await bob.ask("patch", BATCH, [{"id": row["id"], "name": "stolen"}])
    gone = await bob.ask("delete", BATCH, {"ids": [row["id"], str(uuid.uuid4())]})
    assert statuses(changed) == ["skipped"]
    assert statuses(gone) == ["skipped", "skipped"]
    assert (await alice.ask("get", f"/api/contacts/{row['id']}")).json() == row


async def test_a_cached_list_shows_what_a_batch_made(person):
    alice = person("alice")
    path = "/api/contacts?order=created_at.desc&limit=1"
    await alice.ask("get", path)
    made = await alice.ask("post", BATCH, ContactFactory.build_batch(1))
    row = made.json()["outcomes"][0]["row"]
    assert (await alice.ask("get", path)).json() == [row]
    await alice.ask("delete", BATCH, {"ids": [row["id"]]})


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("post", []),
        ("post", {"name": "x"}),
        ("post", [{"name": "x"}, {"name": ""}]),
        ("post", [{"name": "x", "owner_id": str(uuid.uuid4())}]),
        ("post", [{"name": "x"}] * 1001),
        ("patch", [{"name": "x"}]),
        ("patch", [{"id": str(uuid.uuid4())}]),
        ("patch", [{"id": "no uuid", "name": "x"}]),
        ("delete", {"ids": []}),
        ("delete", {"ids": ["no uuid"]}),
        ("delete", {}),
    ],
)
async def test_what_is_no_batch_is_refused_whole(person, method, body):
    answer = await person("alice").ask(method, BATCH, body)
    assert answer.status_code == 422, answer.content
    assert answer.json()["code"] in ("invalid", "batch")


async def test_it_needs_a_token(person):
    assert (await person(None).ask("post", BATCH, [])).status_code == 401
