"""What a client may ask of the series: a range cut into points, none of them dropped in silence."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from optimizer.domain.figures import Figures
from optimizer.domain.recency import Freshness
from optimizer.domain.spans import DAY, HOUR, KEPT, Stretch, source_grain, stretch, stretches
from optimizer.errors import QueryError

MAX_POINTS = 1500
USUAL_POINTS = 400
_ODD = 5  # points: days of 23 or 25 hours make a range longer or shorter by no more
_INSTANT = timedelta(microseconds=1)
# Beyond these the calendar may end within a range, or within the one before it.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
STEPS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "3h": 180, "6h": 360, "1d": 1440}
NAMED = {
    "1h": (timedelta(hours=1), "1m"),
    "6h": (timedelta(hours=6), "5m"),
    "24h": (timedelta(hours=24), "15m"),
    "7d": (timedelta(days=7), "1h"),
    "30d": (timedelta(days=30), "3h"),
    "90d": (timedelta(days=90), "1d"),
    "1y": (timedelta(days=365), "1d"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A range in whole steps of `step` minutes of the reporting zone; times are in UTC."""

    start: datetime
    end: datetime
    step: int
    zone: tzinfo

    def stretches(self) -> list[Stretch]:
        """The pieces, one a point."""
        return list(stretches(self.step, self.start, self.end, self.zone))

    @property
    def grain(self) -> int:
        """The stored grain that the points are read from, in minutes."""
        return source_grain(self.step)

    def before(self) -> "Wanted":
        """As many steps just before, also where clocks change in either range."""
        if self.step < HOUR:
            return replace(self, start=self.start - (self.end - self.start), end=self.start)
        start = self.start
        for _ in self.stretches():
            start = stretch(self.step, start - _INSTANT, self.zone).start
        return replace(self, start=start, end=self.start)


@dataclass(frozen=True, slots=True)
class Sum:
    """One point: a piece of time, of how many of its minutes something is known, and the sums."""

    stretch: Stretch
    minutes: int
    figures: Figures = field(default_factory=Figures)


def named(name: str, step: str | None, now: datetime, fresh: Freshness, zone: tzinfo) -> Wanted:
    """A named range up to the newest data, or up to when data is overdue; raises QueryError."""
    if name not in NAMED:
        raise QueryError(f"there is no range {name!r}, only {', '.join(NAMED)}")
    length, usual = NAMED[name]
    minutes = _minutes(step or usual)
    end = stretch(minutes, fresh.until(now) - _INSTANT, zone).end
    return _checked(Wanted(_back(end, length, minutes, zone), end, minutes, zone), now)


def between(
    start: datetime, end: datetime, step: str | None, now: datetime, zone: tzinfo
) -> Wanted:
    """A range of one's own, widened to whole steps; raises QueryError."""
    if start.tzinfo is None or end.tzinfo is None:
        raise QueryError("write both times with their zone: 2026-11-25T12:00:00Z")
    if not start < end:
        raise QueryError("the range ends before it begins")
    if not _FIRST <= start < end <= _LAST:
        raise QueryError("no figures are kept of times before 1970 or after 8999")
    minutes = _minutes(step) if step else _fitting(start, end, now)
    first = stretch(minutes, start, zone).start
    last = stretch(minutes, end - _INSTANT, zone).end
    return _checked(Wanted(first, last, minutes, zone), now)


def _back(at: datetime, length: timedelta, step: int, zone: tzinfo) -> datetime:
    """So much earlier, or a part of a step more: what is summed in part would look like less.

    By the calendar where steps are days, so that a day stays a day.
    """
    if step < DAY:
        return stretch(step, at - length, zone).start
    days = timedelta(days=max(1, round(length / timedelta(days=1))))
    local = (at.astimezone(zone) + timedelta(hours=6) - days).astimezone(UTC)
    return stretch(DAY, local, zone).start


def _minutes(step: str) -> int:
    if step not in STEPS:
        raise QueryError(f"there is no step {step!r}, only {', '.join(STEPS)}")
    return STEPS[step]


def _fitting(start: datetime, end: datetime, now: datetime) -> int:
    """The finest step that gives a usual number of points of what is still kept."""
    for minutes in STEPS.values():
        few = _points(start, end, minutes) <= USUAL_POINTS
        if few and not _gone(start, minutes, now):
            return minutes
    return DAY


def _checked(wanted: Wanted, now: datetime) -> Wanted:
    points = _points(wanted.start, wanted.end, wanted.step)
    if abs(points - MAX_POINTS) < _ODD:
        points = len(wanted.stretches())
    if points > MAX_POINTS:
        raise QueryError(
            f"that is {points} points, and {MAX_POINTS} is the most: {_advice(wanted)}"
        )
    if _gone(wanted.start, wanted.step, now):
        days = KEPT[wanted.grain].days
        raise QueryError(f"so fine sums are kept for {days} days: take a coarser step")
    return wanted


def _advice(wanted: Wanted) -> str:
    fits = (
        name
        for name, step in STEPS.items()
        if _points(wanted.start, wanted.end, step) <= MAX_POINTS
    )
    return f"take a step of {next(fits, 'a day and a shorter range')}"


def _points(start: datetime, end: datetime, minutes: int) -> int:
    return -((start - end) // timedelta(minutes=minutes))


def _gone(start: datetime, minutes: int, now: datetime) -> bool:
    """Whether the grain that a step is read from is no longer kept so far back."""
    kept = KEPT.get(source_grain(minutes))
    return kept is not None and start < now - kept


def shown(
    wish: tuple[str, datetime | None, datetime | None],
    now: datetime,
    fresh: Freshness,
    zone: tzinfo,
) -> Wanted:
    """A range by name or from and to for a page; the first name where it cannot be shown."""
    name, start, end = wish
    try:
        if start and end:
            return between(start, end, None, now, zone)
        return named(name, None, now, fresh, zone)
    except (QueryError, OverflowError):
        return named(next(iter(NAMED)), None, now, fresh, zone)
