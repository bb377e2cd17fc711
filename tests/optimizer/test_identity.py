"""Which stored row is which sent one: by key, whatever form PostgreSQL gives the value."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.identity import holds, key_of, pair, same

simple = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
values = st.recursive(simple, lambda v: st.lists(v) | st.dictionaries(st.text(max_size=3), v))


@given(values)
def test_what_comes_back_as_it_was_is_the_same(value):
    """Whatever it is."""
    assert same(value, value)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("5", 5), (5, "5"), (1.50, "1.5"), ("007", 7), ("1e3", 1000), (True, "true"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00"),
        ("2026-01-01 12:00:00", "2026-01-01T12:00:00"),
        ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("ab", "ab   "), ([1, "2"], ["1", 2]), ({"a": [1.0]}, {"a": [1]}),
    ],
)  # fmt: skip
def test_other_forms_of_a_value_are_the_same(sent, stored):
    """Numbers, instants, UUIDs, char(n), and what is inside others."""
    assert same(sent, stored)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a", "b"), ("a", "A"), (1, 2), (None, 0), (0, None), ("", None), ([1], [1, 1]),
        ({"a": 1}, {"a": 1, "b": 2}), ({"a": 1}, {"b": 1}), ("1_000", "1000"), ([1], {"0": 1}),
        ("2026-01-01", "2026-01-02"), ("nan", "nanny"), (True, 1),
    ],
)  # fmt: skip
def test_other_values_are_not(sent, stored):
    """A row with another value is somebody else's, or an older one."""
    assert not same(sent, stored)


def test_a_row_holds_what_was_sent_if_each_value_is_there():
    """Columns that were not sent do not count."""
    assert holds({"a": 1, "b": 2}, {"a": "1"})
    assert not holds({"b": 2}, {"a": None})


def test_a_key_is_whole_or_none():
    """NULL names no row."""
    assert key_of({"a": 1, "b": True}, ["a", "b"]) == ("1", "true")
    assert key_of({"a": 1, "b": None}, ["a", "b"]) is None
    assert key_of({"a": 1}, ["a", "b"]) is None
    assert key_of({"a": 1}, []) is None


@given(st.permutations(range(6)))
def test_rows_find_their_keys_in_any_order(order):
    """Equal texts first: where both are there, `07` is not `7`."""
    some = str(uuid.UUID(int=5))
    texts = ["7", "07", "x", some, "1.0", "1.00"]
    rows = [{"id": texts[n], "n": n} for n in order]
    assert [row["n"] for row in pair([(t,) for t in texts], rows, ["id"])] == list(range(6))


def test_a_row_is_found_in_another_form_where_its_own_is_not_there():
    """Once, or by each that names it."""
    wanted = [("07",), ("7.0",)]
    assert pair(wanted, [{"id": 7}], ["id"]) == [{"id": 7}, None]
    assert pair(wanted, [{"id": 7}], ["id"], once=False) == [{"id": 7}, {"id": 7}]
