"""The schema as processes learn it: one that others rested on differently begins a new epoch."""

import json

import pytest

from optimizer.cache.shared import Found
from optimizer.domain.answer import Answer
from optimizer.domain.facts import CacheFault
from optimizer.domain.grain.schema import Declared, Routine
from optimizer.schemata import Schemata

NONE = frozenset()
FINE = {"api.notes": Declared(NONE, NONE, NONE)}


def document(notes="bigint", **more):
    """A root document: one table, whose column `team` has a type."""
    key = {"format": "bigint", "description": "Note:\nThis is a Primary Key.<pk/>"}
    tables = {"notes": {"properties": {"id": key, "team": {"format": notes}}}, **more}
    return {"definitions": tables, "paths": {"/rpc/bump": {}}}


CHILD = {"properties": {"note_id": {
    "format": "bigint",
    "description": "Note:\nThis is a Foreign Key to `notes.id`.<fk table='notes' column='id'/>",
}}}  # fmt: skip


class Root:
    """PostgREST's root, which answers with what a test says."""

    def __init__(self):
        self.document = document()
        self.asked = 0

    async def __call__(self, schema):
        self.asked += 1
        if self.document is None:
            return Answer(503, (), b"{}")
        return Answer(
            200, (("content-type", "application/json"),), json.dumps(self.document).encode()
        )


@pytest.fixture
def root():
    """One project."""
    return Root()


@pytest.fixture
def process(tiers, root, facts):
    """Makes processes, each with a connection of its own to one Valkey."""

    def make():
        shared = tiers().shared
        made = Schemata(root, facts, shared.history.agree, lambda: shared.view.epoch)
        made.shared = shared
        return made

    return make


async def learn(process, declared=FINE, complete=False):
    """Take declarations, and look at the document at once."""
    process.declare(declared, keys_complete=complete)
    process.want()
    await process.refresh("api", 0.0)
    return process.schema.relations.get("api.notes")


async def keeps(process):
    """Whether what is fetched now may be kept."""
    return (await process.shared.look("k", ("*",))).found is not Found.QUARANTINE


async def test_processes_that_know_the_same_schema_go_on(process):
    """Whoever comes later has nothing to tell."""
    for one in (process(), process()):
        assert (await learn(one)).is_fine
        assert await keeps(one)


async def test_another_type_of_a_column_begins_a_new_epoch(process, root):
    """Whoever knows the old one names values otherwise: nothing is kept before all have heard."""
    one, other = process(), process()
    for each in (one, other):
        await learn(each)
    root.document = document("text")
    await learn(one)
    assert one.schema.relations["api.notes"].kinds["team"].name == "text"
    assert not await keeps(one)
    assert not await keeps(other)  # by which it hears of the epoch


async def test_whoever_hears_of_a_new_epoch_forgets_the_schema_until_it_is_learnt_anew(
    process, root
):
    """Until then it tells relations apart, nothing finer."""
    one, other = process(), process()
    for each in (one, other):
        await learn(each)
    root.document = document("text")
    await learn(one)
    await other.shared.look("k", ("*",))
    root.document = None
    await other.refresh("api", 3600.0)
    assert not other.schema.relations["api.notes"].kinds
    root.document = document("text")
    other._next = 0.0
    await other.refresh("api", 3600.0)
    assert other.schema.relations["api.notes"].kinds["team"].name == "text"
    epoch = other.shared.view.epoch
    await one.refresh("api", 3600.0)
    assert one.shared.view.epoch == epoch  # it is the same schema


@pytest.mark.parametrize(
    ("declared", "complete", "changed", "goes_on"),
    [
        (FINE, False, document(others=CHILD), True),  # a new table
        (FINE, True, document(others=CHILD), False),  # which hangs below: deletes reach it
        ({}, False, document("text"), True),  # nothing rests on types
        (FINE, False, document("integer"), True),  # is of the same kind
    ],
)
async def test_only_what_tags_rest_on_begins_an_epoch(
    process, root, declared, complete, changed, goes_on
):
    """A migration that adds a table costs nothing."""
    one = process()
    await learn(one, declared, complete)
    root.document = changed
    await learn(one, declared, complete)
    assert await keeps(one) is goes_on


async def test_a_table_that_is_told_apart_from_now_on_is_learnt_anew_first(process, root):
    """Another process may have seen it change meanwhile."""
    one = process()
    await learn(one, {})
    asked = root.asked
    one.declare(FINE, keys_complete=False)
    assert not one.schema.relations["api.notes"].kinds
    await one.refresh("api", 3600.0)
    assert (root.asked, bool(one.schema.relations["api.notes"].kinds)) == (asked + 1, True)


async def test_without_valkey_the_schema_is_not_used(tiers, root, facts):
    """Others could not be told."""
    shared = tiers("redis://127.0.0.1:1/0").shared
    process = Schemata(root, facts, shared.history.agree, lambda: shared.view.epoch)
    await learn(process)
    assert not process.schema.relations["api.notes"].kinds
    assert CacheFault("schema") in facts


async def test_why_nothing_is_learnt_is_logged_once(process, root, caplog):
    """A refused key would show in a count alone; it is said again when it has worked in between."""
    one, known = process(), root.document
    for root.document in (None, None, known, None):
        await learn(one)
    said = [record.getMessage() for record in caplog.records if "learnt" in record.getMessage()]
    assert len(said) == 2
    assert all("503" in line and "SUPABASE_SERVICE_ROLE_KEY" in line for line in said)


async def test_what_is_declared_of_functions_is_part_of_it(process):
    """By name."""
    one = process()
    one.declare({}, {"api.bump": Routine(NONE, NONE)}, keys_complete=False)
    assert one.schema.routines["api.bump"].writes == NONE
