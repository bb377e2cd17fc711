"""Of a database of which nothing is known, whole relations are told apart, and nothing finer."""

import pytest

from optimizer.domain import tags
from optimizer.domain.facts import Operation
from optimizer.domain.grain.reading import SERVICE, of_read
from optimizer.domain.grain.requests import Write
from optimizer.domain.grain.schema import Schema
from optimizer.domain.grain.writing import widest
from optimizer.domain.query import Change, Read

UNKNOWN = Schema()


def read(relation, schema="api", embeds=False):
    """A question about a relation."""
    return Read(schema, relation, "GET", (), (), embeds)


def meets(change, question, sources=()):
    """Whether the change ends what is stored of the question."""
    held = of_read(question, UNKNOWN, SERVICE)
    depends_on = {*held.tags, *tags.of_relations(sources)} - {tags.EVERYTHING}
    touched = widest(Write(change), UNKNOWN)
    return tags.EVERYTHING in touched or bool(touched & depends_on)


@pytest.mark.parametrize("operation", [op for op in Operation if op is not Operation.READ])
def test_every_write_meets_the_reads_of_its_relation(operation):
    """Whatever it is."""
    assert meets(Change("api", "contacts", operation), read("contacts"))


@pytest.mark.parametrize("operation", [Operation.INSERT, Operation.UPSERT, Operation.UPDATE])
def test_a_write_leaves_other_relations_alone(operation):
    """Also one of the same name in another schema, or one whose name begins alike."""
    change = Change("api", "contacts", operation)
    assert not meets(change, read("projects"))
    assert not meets(change, read("contacts", "public"))
    assert not meets(change, read("contacts_archive"))


@pytest.mark.parametrize("operation", [Operation.RPC, Operation.DELETE])
def test_what_cannot_be_bounded_meets_every_read(operation):
    """A function may write anywhere; a DELETE goes on along foreign keys."""
    assert meets(Change("api", "anything", operation), read("contacts", "public"))


def test_a_declared_source_meets_the_read_of_its_view():
    """A change of a membership ends what a policy showed because of it."""
    change = Change("api", "memberships", Operation.INSERT)
    assert meets(change, read("projects"), ["api.memberships"])
    assert not meets(change, read("projects"))


def test_a_relation_cannot_be_taken_for_everything():
    """A table may be named `*`."""
    change = Change("", "*", Operation.UPDATE)
    assert not meets(change, read("contacts"))
