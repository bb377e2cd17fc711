"""Figures in words: grouped, with a unit that fits, and a dash for what is not known."""

from datetime import timedelta

import pytest

from dashboard.formats import UNKNOWN, age, count, duration, percent


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0000042, "4.2 µs"),
        (0.000301, "301 µs"),
        (0.0009996, "1 ms"),
        (0.0421, "42.1 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (61, "61.0 s"),
        (None, UNKNOWN),
    ],
)
def test_a_duration_has_a_unit_that_fits(seconds, text):
    """Never "0.0003 s", never "1e+03 ms"."""
    assert str(duration(seconds)) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=2, minutes=59), "2 h"),
        (timedelta(days=1, hours=23), "47 h"),
        (timedelta(days=6), "6 d"),
        (None, UNKNOWN),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_says_enough(time, text):
    """A clock that runs ahead makes data new, not older than now."""
    assert str(age(time)) == text


def test_counts_are_grouped_and_shares_are_per_cent():
    """As people read them."""
    assert count(1234567) == "1,234,567"
    assert str(percent(0.9174)) == "91.7 %"
    assert str(percent(None)) == UNKNOWN
