"""Billing cycles, and when a quota will be used up. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from optimizer.domain.spans import Stretch, first_moment


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a quota is used up within the cycle; None: not before its end."""

    reached: datetime | None
    without: datetime | None  # had the engine avoided nothing


def cycle(at: datetime, day: int, zone: tzinfo) -> Stretch:
    """The billing cycle that holds a moment; in months that lack the day it begins on the last."""
    local = at.astimezone(zone).date()
    begin = _on(local.year, local.month, day)
    if begin > local:
        begin = _on(*_month_before(local.year, local.month), day)
    end = _on(*_month_after(begin.year, begin.month), day)
    return Stretch(first_moment(begin, zone), first_moment(end, zone))


def forecast(quota: int, used: int, avoided: int, until: datetime, within: Stretch) -> Forecast:
    """Go on as in the cycle so far: `used` and `avoided` are of its part before `until`."""
    reached = _reached(quota, used, until, within)
    return Forecast(reached, _reached(quota, used + avoided, until, within))


def said(item: str, found: Forecast, zone: tzinfo) -> str:
    """The forecast in one sentence."""
    ours = _when(found.reached, zone)
    if found.reached is None and found.without is None:
        return f"The {item} quota holds to the end of the cycle, and would without Canvalo too."
    if found.reached is None:
        without = _when(found.without, zone)
        return f"The {item} quota holds to the end of the cycle; without Canvalo it ends {without}."
    return f"The {item} quota ends {ours}; without Canvalo {_when(found.without, zone)}."


def _reached(quota: int, used: int, until: datetime, within: Stretch) -> datetime | None:
    elapsed = until - within.start
    holds = used <= 0 or elapsed / (within.end - within.start) * quota >= used
    # What holds may hold for longer than there are dates.
    return None if holds else within.start + elapsed * (quota / used)


def _when(at: datetime | None, zone: tzinfo) -> str:
    if at is None:
        return "not before its end"
    local = at.astimezone(zone)
    return f"on {local.day} {local:%B}"


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)
