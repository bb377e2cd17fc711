"""Stretches of time: what a range covers, how it is cut, and what is known of each piece."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from optimizer.domain.counts import Counts

MINUTE = timedelta(minutes=1)
# A snapshot runs every 20 s and stores a minute once it is over: data this old is on time.
USUAL_LAG = timedelta(seconds=90)
STALLED_AFTER = timedelta(seconds=150)


@dataclass(frozen=True, slots=True)
class Range:
    """A choice of the range picker."""

    name: str
    label: str
    length: timedelta
    step: timedelta

    @property
    def short(self) -> str:
        """The name as a number and its unit."""
        return f"{self.name[:-1]} {self.name[-1]}"


RANGES = {
    r.name: r
    for r in (
        Range("1h", "1 hour", timedelta(hours=1), MINUTE),
        Range("6h", "6 hours", timedelta(hours=6), timedelta(minutes=5)),
        Range("24h", "24 hours", timedelta(hours=24), timedelta(minutes=15)),
        Range("7d", "7 days", timedelta(days=7), timedelta(hours=1)),
    )
}
DEFAULT_RANGE = "1h"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new the stored data is; both unknown before the first snapshot."""

    newest_minute: datetime | None = None
    ran_at: datetime | None = None

    @property
    def data_until(self) -> datetime | None:
        """The end of the newest stored minute."""
        return self.newest_minute + MINUTE if self.newest_minute else None

    def until(self, now: datetime) -> datetime:
        """The end of what can be shown: the newest data, or the time from which it is overdue."""
        overdue = floor(now - USUAL_LAG, MINUTE)
        return max(overdue, min(self.data_until or overdue, floor(now, MINUTE)))

    def is_stalled(self, now: datetime) -> bool:
        """Whether the snapshot ran once and then stopped."""
        return self.ran_at is not None and now - self.ran_at > STALLED_AFTER


@dataclass(frozen=True, slots=True)
class CacheFill:
    """How full the shared tier is."""

    active: int
    limit: int


@dataclass(frozen=True, slots=True)
class Window:
    """A range that ends about now, cut at round times."""

    range: Range
    start: datetime
    end: datetime

    def bins(self) -> list[datetime]:
        """The start of each piece."""
        count = (self.end - self.start) // self.range.step
        return [self.start + i * self.range.step for i in range(count)]


@dataclass(frozen=True, slots=True)
class Point:
    """One piece of a window; without a counted minute nothing is known of it."""

    at: datetime
    until: datetime
    minutes: int
    counts: Counts

    @property
    def known(self) -> bool:
        """Whether anything is known of this piece, if only that nothing happened."""
        return self.minutes > 0


def window(range_: Range, now: datetime, freshness: Freshness) -> Window:
    """The pieces up to the newest data, or up to the time from which data is overdue."""
    end = ceil(freshness.until(now), range_.step)
    return Window(range_, end - range_.length, end)


def gaps(points: list[Point]) -> list[tuple[datetime, datetime]]:
    """The stretches of which nothing is known, neighbours joined."""
    found: list[tuple[datetime, datetime]] = []
    for point in points:
        if point.known:
            continue
        if found and found[-1][1] == point.at:
            found[-1] = (found[-1][0], point.until)
        else:
            found.append((point.at, point.until))
    return found


def floor(at: datetime, step: timedelta) -> datetime:
    """The last round time that is not after `at`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % step


def ceil(at: datetime, step: timedelta) -> datetime:
    """The first round time that is not before `at`."""
    rounded = floor(at, step)
    return rounded if rounded == at else rounded + step
