"""Adding up: in any order, in any grouping, with quantiles that can be believed."""

import math
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.tally import (
    GROWTH,
    LAST_BUCKET,
    Tally,
    bucket_of,
    merged,
    middle_of,
    packed,
    unpacked,
)

seconds = st.floats(min_value=0, max_value=5000)
events = st.lists(st.tuples(seconds, st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20)


def tally_of(things):
    """A tally of some events."""
    tally = Tally()
    for event in things:
        tally.add(*event)
    return tally


@given(events, events)
def test_merging_is_commutative(a, b):
    """It does not matter which process reports first."""
    x, y = tally_of(a), tally_of(b)
    assert merged([x, y]) == merged([y, x])


@given(events, events, events)
def test_merging_is_associative(a, b, c):
    """It does not matter how deltas were grouped into flushes."""
    x, y, z = tally_of(a), tally_of(b), tally_of(c)
    assert merged([merged([x, y]), z]) == merged([x, merged([y, z])])


@given(events, events)
def test_merging_equals_having_counted_in_one_place(a, b):
    """Two processes together know what one would have known."""
    assert merged([tally_of(a), tally_of(b)]) == tally_of([*a, *b])


@given(events, events)
def test_merging_many_leaves_each_as_it_was(a, b):
    """A sum is a fresh value: whoever holds a part may go on using it."""
    x, y = tally_of(a), tally_of(b)
    before = deepcopy((x, y))
    merged([x, y])
    assert (x, y) == before


@given(st.dictionaries(st.integers(0, LAST_BUCKET), st.integers(1, 10**12)))
def test_buckets_come_back_as_they_were_packed(buckets):
    """None, one or all of them."""
    assert unpacked(packed(buckets)) == buckets


@given(st.floats(min_value=2e-6, max_value=5000))
def test_a_bucket_stands_for_its_times_within_five_percent(time):
    """What is read back from a bucket is close to what was put in."""
    assert middle_of(bucket_of(time)) == pytest.approx(time, rel=0.05)


@given(st.lists(st.floats(min_value=1e-5, max_value=100), min_size=1, max_size=200))
def test_the_95th_percentile_is_within_five_percent(times):
    """The percentile from buckets is close to the exact one."""
    exact = sorted(times)[math.ceil(0.95 * len(times)) - 1]
    assert tally_of([(t,) for t in times]).quantile(0.95) == pytest.approx(exact, rel=0.051)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_time_however_odd_breaks_the_count(time):
    """A broken clock gives a wrong time, never a lost request or an exception."""
    tally = tally_of([(time,)])
    assert tally.count == 1
    assert tally.nanoseconds >= 0
    assert all(0 <= bucket <= LAST_BUCKET for bucket in tally.buckets)


def test_nothing_counted_has_no_average_and_no_percentile():
    """An unknown figure is None, not zero."""
    assert Tally().mean_seconds is None
    assert Tally().quantile(0.5) is None


def test_buckets_grow_by_a_tenth():
    """The bound of 5 % rests on this."""
    assert GROWTH == 1.1
