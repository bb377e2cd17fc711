"""When stored data is new, and when its absence is said."""

from datetime import UTC, datetime, timedelta

import pytest

from optimizer.domain.recency import Freshness
from optimizer.domain.request import NAMED, named

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def end(now, newest):
    """Where a chart ends."""
    return named("1h", None, now, Freshness(newest, now), UTC).end


def test_the_newest_stored_minute_is_the_last_point():
    """What is stored is shown at once."""
    assert end(NOON + timedelta(seconds=10), NOON - timedelta(minutes=1)) == NOON


def test_a_minute_that_is_merely_on_its_way_is_not_a_gap():
    """Until a snapshot may be expected, the chart ends at what is stored."""
    newest = NOON - timedelta(minutes=2)
    assert end(NOON + timedelta(seconds=10), newest) == newest + timedelta(minutes=1)


def test_with_snapshots_stopped_the_chart_goes_on_and_shows_the_gap():
    """An old figure never looks like the newest one."""
    assert end(NOON, NOON - timedelta(minutes=30)) >= NOON - timedelta(seconds=120)


@pytest.mark.parametrize("name", NAMED)
def test_every_range_of_the_picker_can_be_shown(name):
    """With a step of its own that is still kept so far back."""
    wanted = named(name, None, NOON, Freshness(), UTC)
    assert 24 <= len(wanted.stretches()) <= 400


@pytest.mark.parametrize(("seconds", "stalled"), [(0, False), (149, False), (151, True)])
def test_snapshots_count_as_stopped_after_two_and_a_half_minutes(seconds, stalled):
    """A slow run is no alarm; a dead beat is one well within three minutes."""
    assert Freshness(NOON, NOON).is_stalled(NOON + timedelta(seconds=seconds)) is stalled


def test_before_the_first_snapshot_nothing_has_stopped():
    """A new installation waits; it does not complain."""
    assert not Freshness().is_stalled(NOON)
