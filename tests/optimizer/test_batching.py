"""The batch functions against the running stack: few calls, one outcome a row, the right owner."""

import uuid

import pytest

from optimizer import (
    BatchOperation,
    BatchOperationType,
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    get_batcher,
    get_cache,
    runtime,
)
from optimizer.domain.chunks import RowStatus
from optimizer.errors import BatchError

ALICE, BOB = "00000000-0000-4000-8000-00000000a11c", "00000000-0000-4000-8000-000000000b0b"
INSERT, UPDATE, DELETE = (
    BatchOperationType.INSERT,
    BatchOperationType.UPDATE,
    BatchOperationType.DELETE,
)


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db):
    """The runtime of this test's loop, closed at its end."""
    yield runtime.current()
    await runtime.close_current()


@pytest.fixture
async def contacts(engine, supabase_sql):
    """Looks at the contacts that a test has made, and removes them afterwards."""
    connection = supabase_sql()

    def rows(columns="name", owner=ALICE):
        query = f"select {columns} from api.contacts where company = 'batch' and owner_id = %s"
        return sorted(connection.execute(query, [owner]).fetchall())

    yield rows
    connection.execute("delete from api.contacts where company = 'batch'")


def people(count, **more):
    """Rows to insert."""
    return [{"name": f"n{n:03}", "company": "batch", **more} for n in range(count)]


def statuses(result):
    """What became of each row."""
    return [outcome.status.value for outcome in result.outcomes]


async def made(count):
    """So many new contacts of Alice's, as stored."""
    result = await batch_insert_records("contacts", people(count), ALICE)
    return [outcome.row for outcome in result.outcomes]


async def test_250_rows_go_in_with_three_calls_and_belong_to_the_caller(contacts):
    result = await batch_insert_records("contacts", people(250), ALICE)
    assert (result.succeeded, result.failed, result.calls) == (250, 0, 3)
    assert [o.row["name"] for o in result.outcomes] == [f"n{n:03}" for n in range(250)]
    assert len(contacts()) == 250
    assert contacts(owner=BOB) == []


async def test_with_a_token_the_database_says_whose_they_are(contacts, token_for):
    result = await batch_insert_records("contacts", people(3), None, token_for("bob"))
    assert result.succeeded == 3
    assert len(contacts(owner=BOB)) == 3


async def test_one_bad_row_costs_no_other_its_place(contacts):
    rows = people(10)
    rows[6]["contact_type"] = "enemy"
    result = await batch_insert_records("contacts", rows, ALICE)
    assert statuses(result) == ["done"] * 6 + ["failed"] + ["done"] * 3
    assert (result.outcomes[6].code, result.outcomes[6].index) == ("23514", 6)
    assert len(contacts()) == 9


async def test_nobody_inserts_for_another(contacts):
    with pytest.raises(BatchError, match="row 1: its owner_id"):
        await batch_insert_records("contacts", [*people(1), *people(1, owner_id=BOB)], ALICE)
    assert contacts() == contacts(owner=BOB) == []


async def test_equal_changes_share_a_call(contacts):
    rows = await made(20)
    changes = [{"id": r["id"], "phone": "1" if n % 2 else "2"} for n, r in enumerate(rows)]
    result = await batch_update_records("contacts", changes, ALICE)
    assert (result.succeeded, result.calls) == (20, 2)
    assert [o.row["phone"] for o in result.outcomes] == ["2", "1"] * 10
    assert contacts("name, phone") == [(f"n{n:03}", "1" if n % 2 else "2") for n in range(20)]


async def test_different_changes_each_reach_their_row(contacts):
    rows = await made(5)
    changes = [{"id": row["id"], "phone": str(n)} for n, row in enumerate(rows)]
    result = await batch_update_records("contacts", changes, ALICE)
    assert (result.succeeded, result.calls) == (5, 1)
    assert [outcome.row["phone"] for outcome in result.outcomes] == list("01234")
    assert contacts("phone") == [(str(n),) for n in range(5)]


async def test_an_update_never_inserts_and_says_what_matched_nothing(contacts):
    (row,) = await made(1)
    missing = str(uuid.uuid4())
    changes = [{"id": missing, "phone": "1"}, {"id": row["id"], "phone": "1"}]
    result = await batch_update_records("contacts", changes, ALICE)
    assert statuses(result) == ["skipped", "done"]
    assert len(contacts()) == 1


async def test_nobody_changes_or_deletes_another_s_rows(contacts):
    (row,) = await made(1)
    changed = await batch_update_records("contacts", [{"id": row["id"], "name": "x"}], BOB)
    deleted = await batch_delete_records("contacts", [row["id"]], BOB)
    assert statuses(changed) == statuses(deleted) == ["skipped"]
    assert contacts() == [("n000",)]


async def test_one_bad_change_among_equal_ones_is_found(contacts):
    rows = await made(4)
    changes = [{"id": row["id"], "phone": "1"} for row in rows]
    changes[2]["id"] = "no uuid"
    result = await batch_update_records("contacts", changes, ALICE)
    assert statuses(result) == ["done", "done", "failed", "done"]
    assert result.outcomes[2].code == "22P02"


async def test_many_rows_are_deleted_with_few_calls(contacts):
    rows = await made(250)
    ids = [row["id"] for row in rows]
    result = await batch_delete_records("contacts", [*ids, str(uuid.uuid4())], ALICE)
    assert statuses(result) == ["done"] * 250 + ["skipped"]
    assert result.calls == 3
    assert result.outcomes[0].row["name"] == "n000"
    assert contacts() == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: batch_insert_records("contacts", [{"name": "x"}, 7], ALICE), "row 1: each row"),
        (lambda: batch_insert_records("contacts", [{"name": {1}}], ALICE), "row 0 cannot be"),
        (lambda: batch_update_records("contacts", [{"name": "x"}], ALICE), "names its row by"),
        (lambda: batch_update_records("contacts", [{"id": "1"}], ALICE), "nothing is to be"),
        (
            lambda: batch_update_records(
                "contacts", [{"id": "1", "a": 1}, {"id": "1", "a": 2}], ALICE
            ),
            "named twice",
        ),
        (lambda: batch_delete_records("contacts", ["1", None], ALICE), "row 1: a key is"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(contacts, call, words):
    with pytest.raises(BatchError, match=words):
        await call()
    assert contacts() == []


async def test_a_mixed_list_is_carried_out_in_its_order(contacts):
    rows = await made(2)
    operations = [
        BatchOperation(INSERT, "contacts", people(1)[0] | {"name": "new"}),
        BatchOperation(INSERT, "contacts", [people(1)[0] | {"name": "newer"}]),
        BatchOperation(UPDATE, "contacts", {"id": rows[0]["id"], "name": "changed"}),
        BatchOperation(DELETE, "contacts", rows[1]["id"]),
        BatchOperation(DELETE, "contacts", {"id": rows[0]["id"]}),
    ]
    result = await get_batcher().execute_batch(operations, ALICE)
    assert statuses(result) == ["done"] * 5
    assert [outcome.index for outcome in result.outcomes] == [0, 1, 2, 3, 4]
    assert (result.calls, result.outcomes[4].row["name"]) == (3, "changed")
    assert contacts() == [("new",), ("newer",)]


async def test_a_mixed_list_with_a_wrong_part_sends_nothing(contacts):
    operations = [BatchOperation(INSERT, "contacts", people(2)), BatchOperation(UPDATE, "x", {})]
    with pytest.raises(BatchError):
        await get_batcher().execute_batch(operations, ALICE)
    assert contacts() == []


async def test_a_batch_ends_what_was_cached(contacts):
    cache = get_cache()
    await cache.set(BOB, "contacts", "p", 1)
    await made(1)
    assert await cache.get(BOB, "contacts", "p") is None


async def test_an_empty_batch_makes_no_call(engine):
    for call in (batch_insert_records, batch_update_records, batch_delete_records):
        result = await call("contacts", [], ALICE)
        assert (result.outcomes, result.calls) == ((), 0)
    assert RowStatus.DONE == "done"
