"""How time is cut: days of the reporting zone, also where clocks change or zones are crooked."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.spans import DAY, GRAINS, HOUR, QUARTER, Stretch, stretch, stretches

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia",
)  # fmt: skip
moments = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def at(*parts):
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "start", "hours"),
    [
        ("UTC", at(2026, 5, 5, 13), at(2026, 5, 5), 24),
        ("Europe/Berlin", at(2026, 3, 29, 12), at(2026, 3, 28, 23), 23),
        ("Europe/Berlin", at(2026, 10, 25, 12), at(2026, 10, 24, 22), 25),
        ("Asia/Kolkata", at(2026, 5, 5, 18, 29), at(2026, 5, 4, 18, 30), 24),
        ("Asia/Kolkata", at(2026, 5, 5, 18, 30), at(2026, 5, 5, 18, 30), 24),
        ("Asia/Kathmandu", at(2026, 5, 5, 18, 14), at(2026, 5, 4, 18, 15), 24),
        ("America/Sao_Paulo", at(2018, 11, 4, 12), at(2018, 11, 4, 3), 23),  # had no midnight
        ("Australia/Lord_Howe", at(2026, 4, 4, 16), at(2026, 4, 4, 13), 24.5),
    ],
)
def test_a_day_is_the_local_one(zone, moment, start, hours):
    """With 23, 24, 24½ or 25 hours, and from the first moment where midnight is skipped."""
    found = stretch(DAY, moment, ZoneInfo(zone))
    assert found == Stretch(start, start + timedelta(hours=hours))


@pytest.mark.parametrize("zone", ZONES)
@given(moment=moments)
def test_every_moment_is_in_exactly_one_stretch_of_each_grain(zone, moment):
    """Nothing is counted in two days, and nothing in none."""
    for grain in GRAINS:
        found = stretch(grain, moment, ZoneInfo(zone))
        assert found.start <= moment < found.end
        for edge in (found.start, found.end - timedelta(microseconds=1)):
            assert stretch(grain, edge, ZoneInfo(zone)) == found


@pytest.mark.parametrize("zone", ZONES)
@given(moment=moments)
def test_the_finer_stretches_make_up_the_coarser_ones(zone, moment):
    """Hours fill the day and quarters the hour, without a rest on either side."""
    place = ZoneInfo(zone)
    for coarse, fine in ((DAY, HOUR), (HOUR, QUARTER)):
        whole = stretch(coarse, moment, place)
        parts = list(stretches(fine, whole.start, whole.end, place))
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
        assert all(a.end == b.start for a, b in pairwise(parts))


def test_the_days_around_a_change_of_clocks_follow_each_other():
    """Three local days in October are 73 hours."""
    start, end = at(2026, 10, 23, 22), at(2026, 10, 26, 23)
    found = list(stretches(DAY, start, end, BERLIN))
    assert [(d.end - d.start) // timedelta(hours=1) for d in found] == [24, 25, 24]
    assert (found[0].start, found[-1].end) == (start, end)
