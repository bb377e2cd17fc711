"""Dates and times in ISO form, in whole days and microseconds; any other form is undecided.

Each is (rank, value): -1 and 1 are PostgreSQL's -infinity and infinity.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from optimizer.domain.sql.truth import Undecided

_DAY = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?"
_DATE = re.compile(_DAY, re.ASCII)
_MOMENT = re.compile(rf"{_DAY}(?:[T ]{_CLOCK})?", re.ASCII)
_INSTANT = re.compile(rf"({_DAY}[T ]{_CLOCK})(Z|[+-]\d\d(?::?\d\d)?)", re.ASCII)
_EDGES = {"infinity": (1, 0), "-infinity": (-1, 0)}
_START = datetime(1, 1, 1, tzinfo=UTC)

Placed = tuple[int, int]


def day(value: Any) -> Placed:
    """A date, in days."""
    text = _text(value)
    if text in _EDGES:
        return _EDGES[text]
    return 0, _date(_matched(_DATE, text)).toordinal()


def moment(value: Any) -> Placed:
    """A timestamp without time zone; one that names a zone, which is ignored, is undecided."""
    text = _text(value)
    if text in _EDGES:
        return _EDGES[text]
    return 0, _micros(_datetime(_matched(_MOMENT, text), UTC))


def instant(value: Any) -> Placed:
    """A timestamp with time zone; without a zone it depends on the session's."""
    text = _text(value)
    if text in _EDGES:
        return _EDGES[text]
    found = _matched(_INSTANT, text)
    return 0, _micros(_datetime(_matched(_MOMENT, found[1]), _zone(found[9])))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Undecided
    return value.strip(" ")


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise Undecided
    return found


def _date(found: re.Match[str]) -> date:
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise Undecided from None


def _datetime(found: re.Match[str], zone: timezone) -> datetime:
    hours, minutes, seconds = (int(part or 0) for part in found.group(4, 5, 6))
    micros = int((found[7] or "0").ljust(6, "0"))
    try:
        clock = time(hours, minutes, seconds, micros, tzinfo=zone)
    except ValueError:
        raise Undecided from None
    return datetime.combine(_date(found), clock)


def _zone(text: str) -> timezone:
    """Beyond 15 hours PostgreSQL's own bound is near."""
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 14 or minutes > 59:
        raise Undecided
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _micros(when: datetime) -> int:
    return (when - _START) // timedelta(microseconds=1)
