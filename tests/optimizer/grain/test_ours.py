"""Our own function for updates ends what an update ends, and no more."""

import pytest

from tests.optimizer.grain.asking import ALICE, CRM, Asked, Written, relation, schema

FUNCTION = "rpc/canvalo_update_rows"
CALL = {
    "schema_name": "api", "table_name": "notes", "key_column": "id", "value_columns": ["status"],
    "changes": [{"id": 1, "status": "a"}, {"id": 2, "status": "b"}],
}  # fmt: skip


def called(over=CRM, function=FUNCTION, **changed):
    """A call of it, with something in it said otherwise."""
    return Written("POST", function, {**CALL, **changed}, caller=ALICE, over=over)


def ends(write, url, over=CRM):
    """Whether its marker covers a read."""
    return Asked(url, over=over).ended_by(write.widest)


@pytest.mark.parametrize(
    ("asked", "ended"),
    [
        ("notes?id=eq.1", True),
        ("notes?id=eq.2", True),
        ("notes?id=eq.3", False),
        ("notes?status=eq.b", True),
        ("notes?team=eq.5", True),  # a row of the team may be among them
        ("notes?select=*", True),
        ("labels?select=*", False),
        ("contacts?id=eq.1", False),
    ],
)
def test_it_ends_its_rows_and_values(asked, ended):
    """As a PATCH of these rows would; other tables stay."""
    assert ends(called(), asked) is ended


def test_it_ends_what_a_patch_of_the_same_rows_ends():
    """To the tag."""
    same = {"changes": [{"id": 1, "status": "a"}, {"id": 2, "status": "a"}]}
    patch = Written("PATCH", "notes?id=in.(1,2)", {"status": "a"}, caller=ALICE)
    assert called(**same).widest == patch.widest


@pytest.mark.parametrize(
    "changed",
    [
        {"schema_name": None},
        {"value_columns": None},
        {"table_name": ["notes"]},
        {"changes": "all"},
        {"changes": [1]},
    ],
)
def test_a_call_that_is_not_understood_ends_everything(changed):
    """As any function's does."""
    assert ends(called(**changed), "labels?select=*")


def test_another_function_with_the_same_arguments_ends_everything():
    """Only ours is known to do what it is told."""
    assert ends(called(function="rpc/canvalo_update"), "labels?select=*")


def test_where_the_rows_keys_are_not_known_the_table_ends():
    """And nothing else."""
    write = called(key_column="team", changes=[{"team": 5, "status": "a"}])
    assert ends(write, "notes?id=eq.3")
    assert not ends(write, "labels?select=*")


def test_of_a_table_that_is_not_known_the_whole_ends():
    """And what refers to it, where that is known."""
    over = schema(relation("labels", "id:int8 name:text"))
    write = called(over)
    assert ends(write, "notes?id=eq.3", over)
    assert not ends(write, "labels?select=*", over)
