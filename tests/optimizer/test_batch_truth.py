"""Random batches against PostgreSQL: the table's content is what the outcomes say, row for row.

Rows are bad in every way that PostgreSQL knows, chunks are of any size, connections break.
"""

import json
import math
import uuid
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from canvalo.devstack.tokens import USERS
from optimizer import batch_insert_records
from tests.optimizer.cutting import Fault

ALICE, BOB = USERS["alice"], USERS["bob"]
_ADD = "insert into api.contacts (owner_id, name, company) values (%s, 'truth', 'truth')"
_ADD_INVOICE = """
insert into api.invoices (owner_id, contact_id, number, amount) values (%s, %s, %s, 0.5)
"""
_STORED = "select to_json(i) from api.invoices i where contact_id = %s and amount <> 0.5"
# What is wrong with a row, and PostgreSQL's code for it.
BAD = {
    "type": "22P02",
    "null": "23502",
    "unique": "23505",
    "key": "23505",
    "check": "23514",
    "foreign": "23503",
    "policy": "42501",
}


@dataclass
class Place:
    """What is there before a batch, and what its rows look like."""

    contact: str
    invoice: str
    number: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def row(self, n, kind, keyed, more):
        """The n-th row; its amount is like no other's."""
        row = {"contact_id": self.contact, "number": f"{self.run}-{n}", "amount": n + 1.25}
        row |= {"owner_id": ALICE} if more or kind == "policy" else {}
        row |= {"id": str(uuid.uuid4())} if keyed or kind == "key" else {}
        changes = {
            "type": {"amount": "much"},
            "null": {"number": None},
            "unique": {"number": self.number},
            "key": {"id": self.invoice},
            "check": {"amount": -n - 1.25},
            "foreign": {"contact_id": str(uuid.uuid4())},
            "policy": {"owner_id": BOB},
        }
        return row | changes.get(kind, {})


kinds = st.one_of(st.just("good"), st.just("good"), st.just("good"), st.sampled_from(sorted(BAD)))
rows = st.lists(st.tuples(kinds, st.booleans(), st.booleans()), min_size=1, max_size=24)
faults = st.dictionaries(st.integers(1, 12), st.sampled_from(list(Fault)), max_size=3)


@pytest.fixture
def way(breaking_way):
    """Runs batches, each in a place of its own."""
    return Way(breaking_way)


class Way:
    """A way that may break, and the truth about invoices."""

    def __init__(self, way):
        self._way = way
        self._database = way.database

    def place(self):
        """A contact and an invoice of Alice's."""
        add = self._database.execute
        contact = add(f"{_ADD} returning id", [ALICE]).fetchone()[0]
        number = uuid.uuid4().hex
        invoice = add(f"{_ADD_INVOICE} returning id", [ALICE, contact, number]).fetchone()[0]
        return Place(str(contact), str(invoice), number)

    def insert(self, given, faults, size, **options):
        """The result of a batch over a way with these faults."""
        work = partial(batch_insert_records, "invoices", given, None, self._way.token, **options)
        return self._way.run(work, faults, size)

    def stored(self, place):
        """The batch's rows by their amounts; the place is cleared for good."""
        found = self._database.execute(_STORED, [place.contact]).fetchall()
        self._database.execute("delete from api.contacts where id = %s", [place.contact])
        assert len({row["amount"] for (row,) in found}) == len(found), "a row is there twice"
        return {row["amount"]: row for (row,) in found}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows, faults, st.integers(1, 12), st.booleans())
@example([("key", True, False)] * 2, {1: Fault.BEFORE}, 2, False)
def test_the_table_holds_what_the_outcomes_say(way, drawn, faults, size, in_order):
    """Each row that is done is there as it is told, no other is; unknown ones had no key."""
    place = way.place()
    given_rows = [place.row(n, *told) for n, told in enumerate(drawn)]
    result = way.insert(given_rows, faults, size, in_order=in_order)
    stored = way.stored(place)
    event(f"unknown: {result.counts['unknown'] > 0}")
    assert [outcome.index for outcome in result.outcomes] == list(range(len(drawn)))
    for (kind, keyed, _), row, outcome in zip(drawn, given_rows, result.outcomes, strict=True):
        found = stored.pop(row["amount"], None)
        if outcome.status == "unknown":
            assert not keyed
            assert kind != "key"
            assert faults
        elif kind == "good":
            assert (outcome.status, found) == ("done", outcome.row)
        else:
            assert (outcome.status, outcome.code, found) == ("failed", BAD[kind], None)
    assert stored == {}
    assert result.calls <= bound(given_rows, result, size, in_order) + 3 * len(faults)


def bound(given_rows, result, size, in_order):
    """The calls that are allowed: full chunks of each key set, and a search for each bad row."""
    kinds = [(frozenset(row), "id" in row) for row in given_rows]
    kinds = kinds if in_order else sorted(kinds, key=lambda kind: json.dumps(sorted(kind[0])))
    chunks = sum(math.ceil(len(list(alike)) / size) for _, alike in groupby(kinds))
    return chunks + 2 * result.counts["failed"] * math.ceil(math.log2(size))
