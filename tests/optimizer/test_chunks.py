"""Splitting rows: none is lost, none is moved, and no row is written with another's columns."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.chunks import BatchResult, Chunk, RowOutcome, RowStatus, split

rows = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3), max_size=40)
sizes = st.integers(1, 9)


@given(rows, sizes)
def test_every_row_is_in_one_chunk_at_its_place(rows, size):
    """Whatever the mixture of columns."""
    pairs = (zip(chunk.indexes, chunk.rows, strict=True) for chunk in split(rows, size))
    placed = [pair for chunk in pairs for pair in chunk]
    assert sorted(placed, key=lambda pair: pair[0]) == list(enumerate(rows))


@given(rows, sizes)
def test_a_chunk_has_one_set_of_columns_and_at_most_so_many_rows(rows, size):
    """PostgREST would write NULL where a row of a mixed request says nothing."""
    for chunk in split(rows, size):
        assert len({frozenset(row) for row in chunk.rows}) == 1
        assert 1 <= len(chunk.rows) <= size


@given(rows, sizes)
def test_rows_of_one_set_keep_their_order_and_fill_their_chunks(rows, size):
    """No request is made that a fuller one would have spared."""
    groups = {}
    for chunk in split(rows, size):
        groups.setdefault(frozenset(chunk.rows[0]), []).append(chunk)
    for chunks in groups.values():
        indexes = [i for chunk in chunks for i in chunk.indexes]
        assert indexes == sorted(indexes)
        assert all(len(chunk.rows) == size for chunk in chunks[:-1])


def test_keys_in_another_order_are_the_same_columns():
    """Two spellings of one row go together."""
    assert len(list(split([{"a": 1, "b": 2}, {"b": 3, "a": 4}], 10))) == 1


def test_no_rows_are_no_chunks():
    """And no request."""
    assert list(split([], 5)) == []


@given(st.integers(2, 50))
def test_halves_share_a_chunk_out_in_order(count):
    """Both are smaller, so the search for a bad row ends."""
    chunk = Chunk(tuple(range(count)), tuple({"n": n} for n in range(count)))
    left, right = chunk.halves()
    assert left.indexes + right.indexes == chunk.indexes
    assert left.rows + right.rows == chunk.rows
    assert left.rows
    assert right.rows


def test_a_result_counts_what_is_done_and_everything_else_as_not_done():
    """A row of which nothing is known did not succeed."""
    outcomes = tuple(RowOutcome(i, status) for i, status in enumerate(RowStatus))
    result = BatchResult(outcomes, 3, 0.1)
    assert (result.succeeded, result.failed) == (1, len(RowStatus) - 1)
