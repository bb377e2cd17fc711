"""How time is cut: quarters of an hour, hours and days of one reporting zone.

Days begin at local midnight, or at the first moment of a day that has none; hours are counted from
the day's beginning, so that they add up to the day in a zone of half or quarter hours, and on the
days of 23 and 25 hours when the clocks change. Quarters are the same everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from optimizer.domain.recency import floor

MINUTE, QUARTER, HOUR, DAY = 1, 15, 60, 1440  # grains that are stored, in minutes
GRAINS = (MINUTE, QUARTER, HOUR, DAY)
FINER = {QUARTER: MINUTE, HOUR: QUARTER, DAY: HOUR}
COARSER = {finer: grain for grain, finer in FINER.items()}
KEPT = {
    MINUTE: timedelta(days=14),
    QUARTER: timedelta(days=95),
    HOUR: timedelta(days=800),  # two years, so that one can be compared with the one before
}  # days are kept for good


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From `start` up to, not including, `end`; both in UTC."""

    start: datetime
    end: datetime


def stretch(grain: int, at: datetime, zone: tzinfo) -> Stretch:
    """The stretch of this many minutes that holds a moment; a grain of 1440 is a local day."""
    if grain < HOUR:
        step = timedelta(minutes=grain)
        start = floor(at.astimezone(UTC), step)
        return Stretch(start, start + step)
    day = _day(at, zone)
    if grain >= DAY:
        return day
    step = timedelta(minutes=grain)
    start = day.start + (at.astimezone(UTC) - day.start) // step * step
    return Stretch(start, min(start + step, day.end))


def stretches(grain: int, start: datetime, end: datetime, zone: tzinfo) -> Iterator[Stretch]:
    """The stretches that cover a range, each after the other."""
    at = start
    while at < end:
        found = stretch(grain, at, zone)
        yield found
        at = found.end


def _day(at: datetime, zone: tzinfo) -> Stretch:
    local = at.astimezone(zone).date()
    return Stretch(first_moment(local, zone), first_moment(local + timedelta(days=1), zone))


def first_moment(day: date, zone: tzinfo) -> datetime:
    """When a local day begins, in UTC; where midnight is skipped, at the moment of the change."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def source_grain(step: int) -> int:
    """The coarsest stored grain that a step is made of, both in minutes."""
    return max(grain for grain in GRAINS if step % grain == 0)
