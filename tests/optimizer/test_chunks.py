"""Splitting rows: none is lost, none is moved, and no row is written with another's columns."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.chunks import (
    BatchResult,
    Chunk,
    Entry,
    Limits,
    RowOutcome,
    RowStatus,
    joined,
    split,
)
from optimizer.domain.folding import cut_by_url, fold, plan_updates

rows = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3), max_size=40)
sizes = st.integers(1, 9)
DONE, LEFT = RowStatus.DONE, RowStatus.NOT_ATTEMPTED


def entries(rows, keys=()):
    """Rows as they are taken in; `keys` gives those that have one theirs."""
    named = dict(enumerate(keys))
    return [
        Entry(n, row, json.dumps(row, sort_keys=True).encode(), named.get(n) and (named[n],))
        for n, row in enumerate(rows)
    ]


def placed(chunks):
    """The rows of all chunks by their places."""
    return sorted((entry.index, entry.row) for chunk in chunks for entry in chunk.entries)


@given(rows, sizes, st.booleans())
def test_every_row_is_in_one_chunk_at_its_place(rows, size, in_order):
    """Whatever the mixture of columns."""
    chunks = split(entries(rows), Limits(rows=size, in_order=in_order))
    found = [(entry.index, entry.row) for chunk in chunks for entry in chunk.entries]
    assert sorted(found, key=lambda pair: pair[0]) == list(enumerate(rows))


@given(rows, sizes, st.booleans())
def test_a_chunk_has_one_set_of_columns_and_at_most_so_many_rows(rows, size, in_order):
    """PostgREST would write NULL where a row of a mixed request says nothing."""
    for chunk in split(entries(rows), Limits(rows=size, in_order=in_order)):
        assert len({frozenset(entry.row) for entry in chunk.entries}) == 1
        assert 1 <= len(chunk) <= size


@given(rows, sizes)
def test_rows_of_one_set_keep_their_order_and_fill_their_chunks(rows, size):
    """No request is made that a fuller one would have spared."""
    groups = {}
    for chunk in split(entries(rows), Limits(rows=size)):
        groups.setdefault(frozenset(chunk.columns), []).append(chunk)
    for chunks in groups.values():
        indexes = [entry.index for chunk in chunks for entry in chunk.entries]
        assert indexes == sorted(indexes)
        assert all(len(chunk) == size for chunk in chunks[:-1])


@given(rows, sizes)
def test_in_order_no_row_goes_ahead_of_an_earlier_one(rows, size):
    """So a row may refer to one before it."""
    chunks = split(entries(rows), Limits(rows=size, in_order=True))
    indexes = [entry.index for chunk in chunks for entry in chunk.entries]
    assert indexes == list(range(len(rows)))


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(50, 200))
def test_a_chunk_s_body_keeps_below_its_bytes(texts, most):
    """Save for a row that is too large on its own."""
    for chunk in split(entries([{"t": text} for text in texts]), Limits(body_bytes=most)):
        assert len(chunk.body) <= most + 1 or len(chunk) == 1
        assert [row["t"] for row in json.loads(chunk.body)] == [e.row["t"] for e in chunk.entries]


def test_keys_in_another_order_are_the_same_columns():
    """Two spellings of one row go together, columns in one order."""
    (chunk,) = split(entries([{"b": 2, "a": 1}, {"a": 4, "b": 3}]), Limits())
    assert chunk.columns == ["a", "b"]


def test_rows_that_can_be_looked_for_do_not_go_with_those_that_cannot():
    """One that cannot would leave the whole request unknown."""
    chunks = list(split(entries([{"a": 1}] * 4, ["1", None, "3"]), Limits()))
    assert [[e.index for e in chunk.entries] for chunk in chunks] == [[0, 2], [1, 3]]
    assert [chunk.is_keyed for chunk in chunks] == [True, False]


def test_no_rows_are_no_chunks():
    """And no request."""
    assert list(split([], Limits())) == []


@given(st.integers(2, 50))
def test_halves_share_a_chunk_out_in_order(count):
    """Both are smaller, so the search for a bad row ends."""
    chunk = Chunk(tuple(entries([{"n": n} for n in range(count)])))
    left, right = chunk.halves()
    assert left.entries + right.entries == chunk.entries
    assert len(left) > 0
    assert len(right) > 0


@given(st.lists(st.integers(0, 4), max_size=60), sizes)
def test_every_change_is_planned_once_and_equal_ones_alike(values, size):
    """Whether it goes by PATCH or by the function."""
    changes = entries([{"v": v} for v in values], map(str, range(len(values))))
    plans = list(plan_updates(changes, Limits(rows=size)))
    chunks = [chunk for plan in plans for chunk in (*plan.equal, *plan.varied)]
    assert [index for index, _ in placed(chunks)] == list(range(len(values)))
    for chunk in (chunk for plan in plans for chunk in plan.equal):
        assert len({entry.body for entry in chunk.entries}) == 1
    assert len(chunks) <= len(fold(changes, Limits(rows=size)))


@pytest.mark.parametrize(
    ("values", "equal", "varied"),
    [
        ([7] * 250, [100, 100, 50], []),
        (list(range(250)), [], [100, 100, 50]),
        ([7] * 100 + list(range(100, 150)), [100], [50]),
        ([1, 1, 2, 2, 3, 3], [], [6]),
        ([1] * 30 + [2] * 30, [30, 30], []),
        ([1] * 99 + [2], [99, 1], []),
        ([1], [1], []),
    ],
)
def test_few_calls_are_planned(values, equal, varied):
    """Large groups of equal changes in a PATCH each, the rest together."""
    changes = entries([{"v": v} for v in values], map(str, range(len(values))))
    (plan,) = plan_updates(changes, Limits())
    assert [len(chunk) for chunk in plan.equal] == equal
    assert [len(chunk) for chunk in plan.varied] == varied


def test_a_list_of_keys_fits_into_a_url():
    """UUIDs take 45 bytes each."""
    keys = [f"00000000-0000-4000-8000-{n:012}" for n in range(1000)]
    chunks = list(cut_by_url(entries([{}] * 1000, keys), Limits(rows=10_000, url_bytes=12_000)))
    assert [len(chunk) for chunk in chunks] == [266, 266, 266, 202]


def test_a_result_counts_what_is_done_and_everything_else_as_not_done():
    """A row of which nothing is known did not succeed."""
    outcomes = tuple(RowOutcome(i, status) for i, status in enumerate(RowStatus))
    result = BatchResult(outcomes, 3, 0.1)
    assert (result.succeeded, result.failed) == (1, len(RowStatus) - 1)
    assert result.counts[RowStatus.UNKNOWN] == 1


def test_calls_are_avoided_by_rows_that_were_sent():
    """Not by those that were never attempted."""
    outcomes = tuple(RowOutcome(n, DONE if n < 100 else LEFT) for n in range(150))
    assert BatchResult(outcomes, 4, 0.1).calls_avoided == 96


def test_results_are_joined_in_their_order():
    """Places go on where the one before ended."""
    one = BatchResult((RowOutcome(0, DONE), RowOutcome(1, LEFT)), 1, 0.5, 10, 20)
    both = joined([one, BatchResult((RowOutcome(0, DONE),), 2, 0.25, 1, 2)])
    assert [(o.index, o.status) for o in both.outcomes] == [(0, DONE), (1, LEFT), (2, DONE)]
    assert (both.calls, both.seconds, both.sent_bytes, both.received_bytes) == (3, 0.75, 11, 22)
