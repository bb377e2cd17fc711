"""Upserts, streams, options and mixed lists against the running stack."""

import uuid
from contextlib import aclosing

import pytest

from canvalo.devstack.tokens import USERS
from optimizer import (
    BatchOperation,
    BatchOperationType,
    batch_delete_records,
    batch_insert_records,
    batch_stream,
    batch_update_records,
    batch_upsert_records,
    get_batcher,
    runtime,
)
from optimizer.errors import BatchError

ALICE, BOB = USERS["alice"], USERS["bob"]
INSERT, UPSERT = BatchOperationType.INSERT, BatchOperationType.UPSERT
UPDATE, DELETE = BatchOperationType.UPDATE, BatchOperationType.DELETE


@pytest.fixture
async def engine(supabase, fresh_valkey, transactional_db):
    """The runtime of this test's loop, closed at its end."""
    yield runtime.current()
    await runtime.close_current()


@pytest.fixture
async def contacts(engine, supabase_sql):
    """Looks at the contacts that a test has made, and removes them afterwards."""
    connection = supabase_sql()

    def rows(columns="name"):
        query = f"select {columns} from api.contacts where company = 'kinds' order by name"
        return connection.execute(query).fetchall()

    yield rows
    connection.execute("delete from api.contacts where company = 'kinds'")


@pytest.fixture
def token(token_for):
    """Alice's."""
    return token_for("alice")


def people(count, **more):
    """Rows to insert."""
    return [{"name": f"n{n:05}", "company": "kinds", **more} for n in range(count)]


def statuses(result):
    """What became of each row."""
    return [outcome.status.value for outcome in result.outcomes]


async def test_an_upsert_inserts_and_overwrites_only_what_a_row_names(contacts, token):
    """Rows of other columns go in a call of their own, and keep what they did not mention."""
    first = await batch_insert_records("contacts", people(2, phone="1"), None, token)
    keys = [outcome.row["id"] for outcome in first.outcomes]
    changes = [
        {"id": keys[0], "name": "x", "company": "kinds"},
        {"id": str(uuid.uuid4()), "name": "y", "company": "kinds", "phone": "2"},
        {"id": keys[1], "name": "z", "company": "kinds", "phone": "3"},
    ]
    result = await batch_upsert_records("contacts", changes, None, token)
    assert (statuses(result), result.calls) == (["done"] * 3, 2)
    assert contacts("name, phone") == [("x", "1"), ("y", "2"), ("z", "3")]


async def test_an_upsert_by_a_unique_index_of_several_columns(contacts, token, supabase_sql):
    """`key` names them; who has no token needs the owner among them."""
    made = await batch_insert_records("contacts", people(1), None, token)
    contact = made.outcomes[0].row["id"]
    numbers = [uuid.uuid4().hex for _ in range(3)]
    rows = [{"contact_id": contact, "number": n, "amount": 1} for n in numbers]
    key = ("owner_id", "number")
    first = await batch_upsert_records("invoices", rows[:2], ALICE, key=key)
    rows = [row | {"amount": 2} for row in rows]
    second = await batch_upsert_records("invoices", rows, ALICE, key=key)
    assert statuses(first) + statuses(second) == ["done"] * 5
    query = "select count(*), sum(amount) from api.invoices where contact_id = %s"
    assert supabase_sql().execute(query, [contact]).fetchone() == (3, 6)


async def test_an_upsert_by_user_id_alone_cannot_overwrite_another_s_row(contacts):
    """The service role could; so it is not sent."""
    with pytest.raises(BatchError, match="overwrite another's row"):
        await batch_upsert_records("contacts", people(1), ALICE)
    assert contacts() == []


async def test_nobody_gives_rows_away(contacts):
    """Neither new ones nor old ones, with the service role's rights."""
    made = await batch_insert_records("contacts", people(1), ALICE)
    change = {"id": made.outcomes[0].row["id"], "owner_id": BOB}
    with pytest.raises(BatchError, match="owner_id is not the caller"):
        await batch_update_records("contacts", [change], ALICE)


async def test_keys_in_other_forms_are_the_same_rows(contacts, token):
    """PostgreSQL answers with small letters."""
    made = await batch_insert_records("contacts", people(4), None, token)
    keys = [outcome.row["id"].upper() for outcome in made.outcomes]
    equal = [{"id": key, "phone": "1"} for key in keys]
    varied = [{"id": key, "phone": key} for key in keys]
    assert statuses(await batch_update_records("contacts", equal, None, token)) == ["done"] * 4
    assert statuses(await batch_update_records("contacts", varied, None, token)) == ["done"] * 4
    assert statuses(await batch_delete_records("contacts", keys, None, token)) == ["done"] * 4


async def test_rows_are_named_by_another_unique_column(contacts, token):
    """For changes and deletes."""
    await batch_insert_records("contacts", people(3), None, token)
    changes = [{"name": f"n{n:05}", "phone": str(n)} for n in range(4)]
    changed = await batch_update_records("contacts", changes, None, token, key="name")
    assert statuses(changed) == ["done"] * 3 + ["skipped"]
    gone = await batch_delete_records("contacts", ["n00000", "n00009"], None, token, key="name")
    assert statuses(gone) == ["done", "skipped"]
    assert contacts("phone") == [("1",), ("2",)]


async def test_a_row_may_refer_to_one_before_it_in_order(engine, token, supabase_sql):
    """One request after the other, whatever their columns."""
    heard = []
    rows = people(250, name="same")
    rows[7]["phone"] = "1"
    result = await batch_insert_records(
        "contacts", rows, None, token, in_order=True, progress=heard.append
    )
    assert (result.succeeded, result.calls) == (250, 5)
    assert [p.settled for p in heard] == [7, 8, 108, 208, 250]
    ids = [outcome.row["id"] for outcome in result.outcomes]
    await batch_delete_records("contacts", ids, None, token)


async def test_a_stream_of_any_length_goes_in(contacts, token):
    """From an iterator that is asynchronous or not, with bad rows in it."""

    async def rows():
        for row in people(2000):
            yield row | ({"contact_type": "enemy"} if row["name"] == "n01234" else {})

    told = [one async for one in batch_stream(INSERT, "contacts", rows(), None, token)]
    assert [one.index for one in told if one.status != "done"] == [1234]
    assert [one.row["name"] for one in told[:1234]] == [r["name"] for r in people(1234)]
    assert len(contacts()) == 1999
    keys = (one.row["id"] for one in told if one.row)
    gone = [one async for one in batch_stream(DELETE, "contacts", keys, None, token)]
    assert {one.status for one in gone} == {"done"}
    assert contacts() == []


async def test_a_stream_that_is_left_early_gives_its_connection_back(contacts, engine, token):
    """And what was not asked for is not written."""
    outcomes = batch_stream(INSERT, "contacts", iter(people(5000)), None, token)
    async with aclosing(outcomes):
        async for _ in outcomes:
            break
    assert engine.pool.gauges.active == 0
    assert 0 < len(contacts()) < 5000


async def test_a_mixed_list_ends_where_nothing_more_can_be_done(contacts, token):
    """A table that is not there; the operations after it are not attempted."""
    operations = [
        BatchOperation(INSERT, "contacts", people(2)),
        BatchOperation(UPSERT, "nonsense", {"id": 1}),
        BatchOperation(DELETE, "contacts", [str(uuid.uuid4())] * 1),
    ]
    result = await get_batcher().execute_batch(operations, None, token)
    assert statuses(result) == ["done", "done", "failed", "not_attempted"]
    assert (result.calls, result.calls_avoided) == (2, 1)
    assert result.outcomes[2].code == "PGRST205"


async def test_a_mixed_list_upserts_too(contacts, token):
    """With the others in their order."""
    key = str(uuid.uuid4())
    operations = [
        BatchOperation(UPSERT, "contacts", {"id": key, "name": "a", "company": "kinds"}),
        BatchOperation(UPDATE, "contacts", {"id": key, "name": "b"}),
        BatchOperation(UPSERT, "contacts", {"id": key, "name": "c", "company": "kinds"}),
    ]
    result = await get_batcher().execute_batch(operations, None, token)
    assert statuses(result) == ["done"] * 3
    assert contacts() == [("c",)]


async def test_a_mixed_list_is_bounded_as_a_whole(contacts):
    """However it is made up."""
    operations = [
        BatchOperation(INSERT, "contacts", people(60_000)),
        BatchOperation(DELETE, "x", 1),
    ]
    with pytest.raises(BatchError, match="120,001 rows"):
        await get_batcher().execute_batch([operations[0], operations[1], operations[0]], ALICE)
    assert contacts() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keys": "id"}, "no option 'keys'"),
        ({"key": ("a", "b"), "generate_ids": True}, "has one column"),
    ],
)
async def test_options_that_make_no_sense_are_refused(contacts, options, words):
    """Before anything is sent."""
    with pytest.raises(BatchError, match=words):
        await batch_insert_records("contacts", people(1), ALICE, **options)
    assert contacts() == []


async def test_rows_to_change_are_named_by_one_column(engine):
    """The filter of a PATCH says so."""
    with pytest.raises(BatchError, match="one column"):
        await batch_update_records("contacts", [{"id": 1, "a": 2}], ALICE, key=("id", "a"))


async def test_rows_without_any_column_are_stored_with_their_defaults(contacts, token):
    """Whether the table allows that is its own affair."""
    result = await batch_insert_records("contacts", [{}, {}], None, token)
    assert statuses(result) == ["failed"] * 2
    assert result.outcomes[0].code == "23502"
