"""The newest batches in a listing. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from dashboard.content import Cell, Column, Listing, cell
from dashboard.formats import count, duration

if TYPE_CHECKING:
    from optimizer.selectors import BatchDone


def newest_listing(found: Sequence["BatchDone"], zone: tzinfo) -> Listing:
    """One row a batch, the newest first."""
    columns = [
        Column("at", f"Ended ({zone})", numeric=False),
        Column("relation", "Table", numeric=False),
        Column("operation", "Kind", numeric=False),
        Column("rows", "Rows"),
        Column("failed", "Not done"),
        Column("calls", "Calls"),
        Column("avoided", "Avoided"),
        Column("seconds", "Took"),
    ]
    rows = [_row(one, zone) for one in found]
    caption = "The newest of this range, as the processes told them; kept for 30 days."
    return Listing("newest", "Recent batches", caption, columns, rows)


def _row(one: "BatchDone", zone: tzinfo) -> list[Cell]:
    at = one.at.astimezone(zone)
    numbers = (one.rows, one.failed, one.calls, one.avoided)
    return [
        Cell(f"{at:%Y-%m-%d %H:%M:%S}", at.isoformat(timespec="seconds")),
        Cell(one.relation, one.relation),
        Cell(one.operation, one.operation),
        *(cell(count(number), number) for number in numbers),
        cell(duration(one.seconds), one.seconds),
    ]
