"""Which series may be asked: whole points, as many as were asked, in the reporting zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.domain.recency import Freshness
from optimizer.domain.request import NAMED, STEPS, between, named
from optimizer.errors import QueryError
from tests.metrics.factories import NOON

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_year_is_365_local_days_though_two_of_them_are_odd():
    """Over both changes of the clocks."""
    now = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    wanted = named("1y", None, now, Freshness(), BERLIN)
    pieces = wanted.stretches()
    assert len(pieces) == 365
    assert {(p.end - p.start) // timedelta(hours=1) for p in pieces} == {23, 24, 25}
    assert pieces[-1].end == datetime(2026, 11, 25, 23, tzinfo=UTC)
    before = wanted.before().stretches()
    assert (len(before), before[-1].end) == (365, pieces[0].start)


def test_a_range_of_ones_own_gets_a_step_that_fits():
    """Widened to whole steps, never narrowed."""
    wanted = between(NOON + MINUTE / 2, NOON + 90 * MINUTE, None, NOON + 100 * MINUTE, UTC)
    assert (wanted.step, wanted.start) == (1, NOON)
    long = between(NOON - timedelta(days=30), NOON, None, NOON, UTC)
    assert (long.step, len(long.stretches())) == (180, 240)


@pytest.mark.thorough
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("step", [*STEPS, None])
@settings(deadline=None)
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)),
    name=st.sampled_from(list(NAMED)),
)
def test_every_point_is_a_whole_one_and_has_one_to_compare_with(zone, step, now, name):
    """Over changes of clocks too; a first point that is cut would look like little traffic."""
    try:
        wanted = named(name, step, now, Freshness(), ZoneInfo(zone))
    except QueryError:
        return  # too many points, or no longer kept
    pieces, before = wanted.stretches(), wanted.before().stretches()
    assert (pieces[0].start, pieces[-1].end) == (wanted.start, wanted.end)
    assert wanted.end - wanted.start >= NAMED[name][0] - timedelta(hours=1)
    assert 0 < len(pieces) == len(before) <= 1500
    assert (before[0].start, before[-1].end) == (wanted.before().start, pieces[0].start)


def test_a_range_of_minutes_that_are_gone_falls_back_to_what_is_kept():
    """Where the step is left open."""
    start = NOON - timedelta(days=40)
    assert between(start, start + timedelta(hours=1), None, NOON, UTC).step == 15
    with pytest.raises(QueryError, match="coarser"):
        between(start, start + timedelta(hours=1), "5m", NOON, UTC)
