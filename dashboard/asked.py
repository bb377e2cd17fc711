"""What the address of a page asks for: its whole state, so that a link shows what its sender saw.

Pure. What does not exist or does not fit falls back to the default: an old link still opens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from optimizer.domain.recency import Freshness
from optimizer.domain.request import NAMED, Wanted, shown

RANGES = tuple(NAMED)
DEFAULT_RANGE = RANGES[0]
REQUESTS, BYTES = "requests", "bytes"
LONGEST = 200  # characters of a part
_ROOM = timedelta(days=2)  # a time nearer to the ends of the calendar is none in another zone


@dataclass(frozen=True, slots=True)
class Asked:
    """The state of a page; an empty part is not in the address."""

    range: str = DEFAULT_RANGE
    start: datetime | None = None  # with `end`, instead of a named range
    end: datetime | None = None
    compare: bool = False
    unit: str = REQUESTS
    sort: str = ""  # a column's key, with "-" before it for the largest first
    relation: str = ""  # of the page's path, where it has one

    def wanted(self, now: datetime, fresh: Freshness, zone: tzinfo) -> Wanted:
        """The range in whole steps, or the default's where this one cannot be shown."""
        return shown((self.range, self.start, self.end), now, fresh, zone)

    @property
    def is_zoomed(self) -> bool:
        """Whether it has a range of its own."""
        return self.start is not None and self.end is not None

    @property
    def in_bytes(self) -> bool:
        """Whether bytes are shown in place of requests."""
        return self.unit == BYTES

    def zoomed_out(self) -> "Asked":
        """The named range that it was zoomed from."""
        return replace(self, start=None, end=None)

    def with_(self, **changes: Any) -> "Asked":
        """The same with some parts changed."""
        return replace(self, **changes)

    def query(self, zone: tzinfo) -> str:
        """The state as it stands in an address, with its question mark."""
        start, end = (at and _written(at, zone) for at in (self.start, self.end))
        parts = {
            "range": self.range,
            "from": start if self.is_zoomed else None,
            "to": end if self.is_zoomed else None,
            "compare": "previous" if self.compare else None,
            "unit": BYTES if self.in_bytes else None,
            "sort": self.sort or None,
        }
        return f"?{urlencode({k: v for k, v in parts.items() if v}, safe=':')}"


def asked(
    parts: Mapping[str, str], zone: tzinfo, relation: str = "", ranges: Sequence[str] = RANGES
) -> Asked:
    """Read an address; a time without its zone is one of `zone`.

    A range that the page does not offer is its first one: what links of another page bring along.
    """
    range_, unit = parts.get("range", ""), parts.get("unit", "")
    start, end = _time(parts.get("from", ""), zone), _time(parts.get("to", ""), zone)
    whole = start is not None and end is not None and start < end
    return Asked(
        range=range_ if range_ in ranges else ranges[0],
        start=start if whole else None,
        end=end if whole else None,
        compare=parts.get("compare") == "previous",
        unit=BYTES if unit == BYTES else REQUESTS,
        sort=parts.get("sort", "")[:LONGEST],
        relation=relation,
    )


def _time(text: str, zone: tzinfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(text[:LONGEST])
        _ = at - _ROOM, at + _ROOM
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _written(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
