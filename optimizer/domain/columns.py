"""The columns of the series, one definition for the JSON and the CSV. Pure."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from optimizer.domain.figures import Figures
from optimizer.domain.request import Sum

COLUMNS: dict[str, Callable[[Figures], int | float | None]] = {
    "asked": lambda f: f.asked,
    "hits": lambda f: f.hits + f.stale,
    "coalesced": lambda f: f.coalesced,
    "misses": lambda f: f.misses,
    "bypassed": lambda f: f.bypassed,
    "errors": lambda f: f.errors,
    "writes": lambda f: f.writes,
    "sent": lambda f: f.sent,
    "added": lambda f: f.added,
    "unsent": lambda f: f.unsent,
    "avoided": lambda f: f.avoided,
    "received_bytes": lambda f: f.received,
    "avoided_bytes": lambda f: f.avoided_bytes,
    "faults": lambda f: f.faults,
    "hit_rate": lambda f: _rounded(f.hit_rate, 4),
    "cached_ms": lambda f: _ms(f.seconds_cached),
    "cached_p95_ms": lambda f: _ms(f.cached_within(0.95)),
    "fetched_ms": lambda f: _ms(f.seconds_fetched),
    "fetched_p95_ms": lambda f: _ms(f.fetched_within(0.95)),
}

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the begin of one


def columns(points: Sequence[Sum], zone: tzinfo) -> dict[str, list[Any]]:
    """Each column as a list, one value a point; null where nothing is known of the point."""
    found: dict[str, list[Any]] = {
        "start": [_local(point, zone) for point in points],
        "minutes": [point.minutes for point in points],
    }
    for name, value in COLUMNS.items():
        found[name] = [value(p.figures) if p.minutes else None for p in points]
    return found


def totals(figures: Figures) -> dict[str, int | float | None]:
    """The same columns of a sum."""
    return {name: value(figures) for name, value in COLUMNS.items()}


def as_csv(found: Mapping[str, Sequence[Any]]) -> str:
    """Columns as CSV, a line a point; an empty cell where nothing is known."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(found)
    writer.writerows([_plain(cell) for cell in row] for row in zip(*found.values(), strict=True))
    return out.getvalue()


def _plain(cell: Any) -> Any:
    """A text that a spreadsheet would run is a text: names of tables and rules are typed in."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _local(point: Sum, zone: tzinfo) -> str:
    """The beginning in the reporting zone, with its offset: the screen shows the same."""
    return point.stretch.start.astimezone(zone).isoformat(timespec="minutes")


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _ms(seconds: float | None) -> float | None:
    """Milliseconds with three digits that count."""
    return None if seconds is None else float(f"{seconds * 1000:.3g}")
