"""Answers that are lost: with a key each row is stored once and known, without one it is unknown.

Against the running stack; a proxy cuts the connection wherever a test says.
"""

import itertools
import uuid

import pytest

from canvalo.devstack.tokens import USERS
from optimizer import (
    Config,
    batch_delete_records,
    batch_insert_records,
    batch_update_records,
    batch_upsert_records,
    open_engine,
    optimization_settings,
)
from optimizer.conf import Overrides
from optimizer.errors import BatchError
from tests.optimizer.cutting import Cutter, Fault, Side

_UNDER_WAY = """
select from pg_stat_activity where application_name like 'PostgREST%' and state <> 'idle'
and query not ilike 'listen%'
"""


@pytest.fixture
async def cutter(supabase):
    """The way to the stand-in."""
    made = Cutter(supabase.url)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def engine(cutter, supabase, fresh_valkey):
    """An engine that goes that way."""
    config = Config(
        cutter.url,
        supabase.anon_key,
        supabase.service_role_key,
        supabase.jwt_secret,
        valkey_url=fresh_valkey,
    )
    async with open_engine(config) as opened:
        yield opened
    optimization_settings.adopt(Overrides())


@pytest.fixture(autouse=True)
def database(supabase_sql):
    """The truth; what a test has written is removed afterwards."""
    connection = supabase_sql()
    yield connection
    connection.execute("delete from api.contacts where company like 'lost%'")


@pytest.fixture
def stored(database):
    """The names of the rows of one batch, once nothing is under way any more."""

    def names(batch="lost"):
        for _ in range(10_000):
            if database.execute(_UNDER_WAY).fetchone() is None:
                break
        query = "select name from api.contacts where company = %s order by name"
        return [name for (name,) in database.execute(query, [batch]).fetchall()]

    return names


@pytest.fixture
def token(token_for):
    """Alice's."""
    return token_for("alice")


def people(count, batch="lost"):
    """Rows to insert."""
    return [{"name": f"n{n}", "company": batch} for n in range(count)]


def statuses(result):
    """What became of each row."""
    return [outcome.status.value for outcome in result.outcomes]


async def cut_everywhere(cutter, token, step, **options):
    """Insert three rows again and again, cut at each position of the request, then of the answer.

    Without the breaker, which would shut the way to an upstream whose every other answer is cut.
    Yields the batch's name and its result.
    """
    optimization_settings.adopt(Overrides(engine={"breaker_enabled": False}))
    for side in Side:
        for position in itertools.count(0, step):
            batch = f"lost {side} {position}"
            cutter.cut_at(side, position)
            result = await batch_insert_records(
                "contacts", people(3, batch), None, token, **options
            )
            if cutter.armed is not None:  # it is not that long
                break
            yield batch, result


EVERY = pytest.mark.parametrize("step", [97, pytest.param(1, marks=pytest.mark.slow)])


@EVERY
async def test_with_a_key_no_cut_loses_doubles_or_forgets_a_row(
    engine, cutter, stored, token, step
):
    """Wherever the connection breaks, each row is stored once, and the outcome says so."""
    cuts = 0
    async for batch, result in cut_everywhere(cutter, token, step, generate_ids=True):
        assert statuses(result) == ["done"] * 3, batch
        assert [outcome.row["name"] for outcome in result.outcomes] == ["n0", "n1", "n2"], batch
        assert stored(batch) == ["n0", "n1", "n2"], batch
        cuts += 1
    assert cuts > 1500 / step


@EVERY
async def test_without_a_key_rows_are_unknown_and_not_sent_again(
    engine, cutter, stored, token, step
):
    """Three are stored or none, never six; only the whole answer tells."""
    found = {}
    async for batch, result in cut_everywhere(cutter, token, step):
        assert result.calls == 1, batch
        told = set(statuses(result))
        assert told == {"unknown"} or (told == {"done"} and len(stored(batch)) == 3), batch
        found[batch] = len(stored(batch))
    assert set(found.values()) == {0, 3}
    assert len(found) > 1500 / step


FAULTS = pytest.mark.parametrize("fault", list(Fault))


async def made(token, count=3):
    """Rows that are there before anything is lost."""
    result = await batch_insert_records("contacts", people(count), None, token)
    return [outcome.row for outcome in result.outcomes]


@FAULTS
async def test_different_changes_are_settled_and_made_once(engine, cutter, token, fault):
    """What was changed by the lost call is not changed again: its time stays."""
    rows = await made(token)
    changes = [{"id": row["id"], "phone": str(n)} for n, row in enumerate(rows)]
    missing = {"id": str(uuid.uuid4()), "phone": "9"}
    cutter.fail({1: fault})
    result = await batch_update_records("contacts", [*changes, missing], None, token)
    assert statuses(result) == ["done"] * 3 + ["skipped"]
    assert [outcome.row["phone"] for outcome in result.outcomes[:3]] == ["0", "1", "2"]
    assert result.calls == (4 if fault is Fault.BEFORE else 3)  # what is missing is asked for twice


@FAULTS
async def test_equal_changes_are_settled(engine, cutter, token, fault):
    """By PATCH, also where the first answer and the next are lost."""
    rows = await made(token)
    cutter.fail({1: fault, 2: fault, 4: fault})
    changes = [{"id": row["id"], "phone": "7"} for row in rows]
    result = await batch_update_records("contacts", changes, None, token)
    assert statuses(result) == ["done"] * 3
    assert {outcome.row["phone"] for outcome in result.outcomes} == {"7"}


@FAULTS
async def test_deletes_are_settled(engine, cutter, stored, token, fault):
    """Rows are gone; whether one that never was there was deleted by us, nobody can know."""
    rows = await made(token)
    keys = [row["id"] for row in rows]
    cutter.fail({1: fault})
    result = await batch_delete_records("contacts", [*keys, str(uuid.uuid4())], None, token)
    seen = fault is Fault.BEFORE
    assert statuses(result) == ["done"] * 3 + (["skipped"] if seen else ["done"])
    assert [outcome.row is not None for outcome in result.outcomes[:3]] == [seen] * 3
    assert stored() == []


@FAULTS
async def test_upserts_are_settled(engine, cutter, stored, token, fault):
    """New rows and old ones; one without its key is unknown."""
    rows = await made(token)
    changes = [{"id": rows[0]["id"], "name": "new", "company": "lost"}]
    changes += [{"id": str(uuid.uuid4()), "name": "newer", "company": "lost"}]
    cutter.fail({1: fault})
    result = await batch_upsert_records("contacts", changes, None, token)
    assert statuses(result) == ["done"] * 2
    assert stored() == ["n1", "n2", "new", "newer"]
    cutter.fail({1: fault})
    result = await batch_upsert_records("contacts", people(1), None, token)
    assert statuses(result) == ["unknown"]


@FAULTS
async def test_a_row_of_somebody_else_under_our_key_is_not_called_ours(
    engine, cutter, database, token, fault
):
    """Neither one that we see nor one that we do not; and the good row is stored."""
    taken = await made(token, 1)
    theirs = str(uuid.uuid4())
    add = "insert into api.contacts (id, name, company, owner_id) values (%s, 'x', 'lost', %s)"
    database.execute(add, [theirs, USERS["bob"]])
    keys = [taken[0]["id"], theirs, str(uuid.uuid4())]
    rows = [{**row, "id": key} for row, key in zip(people(6)[3:], keys, strict=True)]
    cutter.fail({1: fault})
    result = await batch_insert_records("contacts", rows, None, token)
    assert statuses(result) == ["failed", "skipped", "done"]
    assert result.outcomes[0].code == "23505"


async def test_while_the_upstream_is_away_rows_stay_unknown_and_are_settled_later(
    engine, cutter, stored, token
):
    """A batch waits only so long; with their keys the rows are taken up again."""
    optimization_settings.adopt(Overrides(engine={"batch_patience": 0}))
    cutter.fail(dict.fromkeys(range(1, 100), Fault.AFTER))
    rows = [{**row, "id": str(uuid.uuid4())} for row in people(3)]
    result = await batch_insert_records("contacts", rows, None, token)
    assert statuses(result) == ["unknown"] * 3
    assert [outcome.key for outcome in result.outcomes] == [row["id"] for row in rows]
    cutter.fail({})
    result = await batch_insert_records("contacts", rows, None, token, resume=True)
    assert statuses(result) == ["done"] * 3
    assert stored() == ["n0", "n1", "n2"]


async def test_an_upstream_that_comes_back_leaves_nothing_unknown(engine, cutter, stored, token):
    """Several chunks, many lost answers."""
    optimization_settings.adopt(Overrides(engine={"batch_max_size": 5}))
    cutter.fail(dict.fromkeys(range(2, 14), Fault.BEFORE) | {15: Fault.AFTER})
    result = await batch_insert_records("contacts", people(30), None, token, generate_ids=True)
    assert statuses(result) == ["done"] * 30
    assert len(stored()) == 30


async def test_a_key_that_is_not_unique_settles_nothing(engine, cutter, stored, token):
    """Sending the rows again could store them twice."""
    cutter.fail({1: Fault.AFTER})
    result = await batch_insert_records("contacts", people(3), None, token, key="name")
    assert statuses(result) == ["unknown"] * 3
    assert result.outcomes[0].code == "42P10"
    assert len(stored()) == 3


async def test_to_resume_each_row_needs_its_key(engine, token):
    """Without one it could be stored twice."""
    with pytest.raises(BatchError, match="row 0: to resume"):
        await batch_insert_records("contacts", people(1), None, token, resume=True)
