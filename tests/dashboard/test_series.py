"""How time is cut: round pieces, honest ends, and gaps that are told from silence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.counts import Counts
from optimizer.domain.series import RANGES, Freshness, Point, gaps, window

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
times = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(times, st.sampled_from(sorted(RANGES)))
def test_a_window_is_its_range_long_and_cut_at_round_times(now, name):
    """Two looks a second apart show the same pieces, whatever the time."""
    cut = window(RANGES[name], now, Freshness())
    assert cut.end - cut.start == RANGES[name].length
    assert cut.bins()[0] == cut.start
    assert all(at.timestamp() % RANGES[name].step.total_seconds() == 0 for at in cut.bins())
    assert cut.end <= now + RANGES[name].step


def test_the_newest_stored_minute_is_the_last_point():
    """What is stored is shown at once."""
    now = NOON + timedelta(seconds=10)
    cut = window(RANGES["1h"], now, Freshness(NOON - timedelta(minutes=1), now))
    assert cut.bins()[-1] == NOON - timedelta(minutes=1)


def test_a_minute_that_is_merely_on_its_way_is_not_a_gap():
    """Until a snapshot may be expected, the chart ends at what is stored."""
    now = NOON + timedelta(seconds=10)
    cut = window(RANGES["1h"], now, Freshness(NOON - timedelta(minutes=2), now))
    assert cut.bins()[-1] == NOON - timedelta(minutes=2)


def test_with_snapshots_stopped_the_chart_goes_on_and_shows_the_gap():
    """An old figure never looks like the newest one."""
    stored = NOON - timedelta(minutes=30)
    cut = window(RANGES["1h"], NOON, Freshness(stored, stored))
    assert cut.end >= NOON - timedelta(seconds=120)


def test_neighbouring_unknown_pieces_are_one_gap():
    """Known, unknown, unknown, known, unknown: two gaps."""
    minute = timedelta(minutes=1)
    starts = [NOON + i * minute for i in range(5)]
    points = [
        Point(at, at + minute, known, Counts({}))
        for at, known in zip(starts, [1, 0, 0, 1, 0], strict=True)
    ]
    assert gaps(points) == [(starts[1], starts[3]), (starts[4], NOON + 5 * minute)]


@pytest.mark.parametrize(("seconds", "stalled"), [(0, False), (149, False), (151, True)])
def test_snapshots_count_as_stopped_after_two_and_a_half_minutes(seconds, stalled):
    """A slow run is no alarm; a dead beat is one well within three minutes."""
    assert Freshness(NOON, NOON).is_stalled(NOON + timedelta(seconds=seconds)) is stalled


def test_before_the_first_snapshot_nothing_has_stopped():
    """A new installation waits; it does not complain."""
    assert not Freshness().is_stalled(NOON)
