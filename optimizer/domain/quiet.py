"""Silences and maintenance windows: when nothing is mailed about which rules. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch in which some rules, or all (`rules` is None), are not mailed about.

    A weekly one comes again at the same local time, summer and winter, from its start on.
    """

    key: int
    start: datetime
    end: datetime
    weekly: bool = False
    rules: frozenset[int] | None = None

    def covers(self, rule: int | None) -> bool:
        """Whether it is about a rule, while it holds."""
        return self.rules is None or rule in self.rules

    def holds(self, now: datetime, zone: tzinfo) -> bool:
        """Whether it holds at this moment for anything."""
        if not self.weekly:
            return self.start <= now < self.end
        start, at = _local(self.start, zone), _local(now, zone)
        return now >= self.start and (at - start) % WEEK < self.end - self.start


def quiet_for(rule: int | None, holding: Iterable[Quiet]) -> Quiet | None:
    """The first of those that hold now which is about the rule."""
    return next((quiet for quiet in holding if quiet.covers(rule)), None)


def _local(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
