"""Random updates, deletes and upserts against PostgreSQL, over a way that breaks."""

import uuid
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canvalo.devstack.tokens import USERS
from optimizer import batch_delete_records, batch_update_records, batch_upsert_records, sql
from tests.optimizer.cutting import Fault

ALICE, BOB = USERS["alice"], USERS["bob"]
_ADD = """
insert into api.contacts (id, owner_id, name, company) values (%s, %s, 'before', 'changes')
"""
_STORED = "select id::text, to_json(c) from api.contacts c where company = 'changes'"
random = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
whose = st.sampled_from(["mine", "mine", "mine", "theirs", "nobody's"])
faults = st.dictionaries(st.integers(1, 8), st.sampled_from(list(Fault)), max_size=3)
sizes = st.integers(1, 12)
# Whose row it is, what its phone becomes, whether the change is one that PostgreSQL refuses.
changes = st.lists(
    st.tuples(whose, st.integers(0, 3), st.sampled_from([False, False, False, True])), max_size=24
)


@pytest.fixture
def database(breaking_way):
    """The truth; what a test has written is removed afterwards."""
    yield breaking_way.database
    breaking_way.database.execute("delete from api.contacts where company = 'changes'")


@pytest.fixture(params=["with the function", "without it"])
def function(request, database):
    """The two ways of different changes."""
    if request.param == "without it":
        database.execute(sql.uninstall("api"))
    yield
    database.execute(sql.install("api"))


def begin(database, owners):
    """The keys of as many rows, stored where they belong to somebody."""
    database.execute("delete from api.contacts where company = 'changes'")
    keys = [str(uuid.uuid4()) for _ in owners]
    for key, whose in zip(keys, owners, strict=True):
        if whose != "nobody's":
            database.execute(_ADD, [key, ALICE if whose == "mine" else BOB])
    return keys


def stored(database):
    """All rows by their keys."""
    return dict(database.execute(_STORED).fetchall())


def row(key, phone, is_bad, **more):
    """What is sent for a row."""
    return {"id": key, "phone": str(phone), **({"contact_type": "enemy"} if is_bad else {}), **more}


@random
@given(changes, faults, sizes)
def test_updates(breaking_way, database, function, drawn, faults, size):
    """Done where it is mine and good; no other row has changed, and none is new."""
    keys = begin(database, [whose for whose, _, _ in drawn])
    sent = [row(key, phone, bad) for key, (_, phone, bad) in zip(keys, drawn, strict=True)]
    work = partial(batch_update_records, "contacts", sent, None, breaking_way.token)
    result = breaking_way.run(work, faults, size)
    found = stored(database)
    for key, (whose, phone, bad), outcome in zip(keys, drawn, result.outcomes, strict=True):
        now = found.pop(key, None)
        if whose == "mine" and not bad:
            assert (outcome.status, outcome.row, now["phone"]) == ("done", now, str(phone))
        elif whose == "mine":
            assert (outcome.status, outcome.code, now["phone"]) == ("failed", "23514", None)
        else:
            assert (outcome.status, outcome.row) == ("skipped", None)
            assert now is None or now["phone"] is None
    assert found == {}


@random
@given(st.lists(whose, max_size=24), faults, sizes)
def test_deletes(breaking_way, database, drawn, faults, size):
    """Mine are gone, theirs are not; of one that is not there it is only known that it is not."""
    keys = begin(database, drawn)
    work = partial(batch_delete_records, "contacts", keys, None, breaking_way.token)
    result = breaking_way.run(work, faults, size)
    found = stored(database)
    for key, whose, outcome in zip(keys, drawn, result.outcomes, strict=True):
        assert (key in found) == (whose == "theirs")
        if whose == "mine":
            assert outcome.status == "done"
            assert faults or outcome.row["id"] == key
        elif outcome.status == "done":
            assert faults
            assert outcome.row is None
        else:
            assert outcome.status == "skipped"


@random
@given(changes, st.lists(st.booleans(), min_size=24, max_size=24), faults, sizes)
def test_upserts(breaking_way, database, drawn, keyed, faults, size):
    """Stored where it is good and not another's; unknown only without a key."""
    keys = begin(database, [whose for whose, _, _ in drawn])
    sent = [
        row(key, phone, bad, name=f"after {key}", company="changes")
        for key, (_, phone, bad) in zip(keys, drawn, strict=True)
    ]
    for one, (whose, _, _), has_key in zip(sent, drawn, keyed, strict=False):
        if whose == "nobody's" and not has_key:
            del one["id"]
    work = partial(batch_upsert_records, "contacts", sent, None, breaking_way.token)
    result = breaking_way.run(work, faults, size)
    found = {told["name"]: told for told in stored(database).values() if told["name"] != "before"}
    for one, (whose, _, bad), outcome in zip(sent, drawn, result.outcomes, strict=True):
        now = found.pop(one["name"], None)
        if outcome.status == "unknown":
            assert "id" not in one
            assert faults
        elif bad or whose == "theirs":
            assert (outcome.status, now) == ("failed", None)
        else:
            assert (outcome.status, outcome.row) == ("done", now)
    assert found == {}
