"""The newest batches, and what became of rows that were not done, in listings. Pure."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from dashboard.content import Cell, Column, Listing, cell, text_cell
from dashboard.formats import count, duration
from optimizer.domain.chunks import RowStatus

if TYPE_CHECKING:
    from optimizer.selectors import BatchDone, UndoneRows

# Of which table and operation, in each listing of batches.
OF = (Column("relation", "Table", numeric=False), Column("operation", "Kind", numeric=False))
SAID = {  # as docs/batches.md has them
    RowStatus.FAILED: "refused by Supabase, or no row that can be sent",
    RowStatus.SKIPPED: "nothing matched: no such row, or a trigger left it out",
    RowStatus.UNKNOWN: "the answer was lost, and nobody could say what became of it",
    RowStatus.NOT_ATTEMPTED: "never sent: cancelled, or all would have failed",
}


def undone_listing(found: Sequence["UndoneRows"]) -> Listing:
    """One row a table, operation and status, the most rows first."""
    columns = [
        *OF,
        Column("status", "Status", numeric=False),
        Column("rows", "Rows"),
        Column("means", "What that means", numeric=False, long=True),
    ]
    rows = [
        [
            text_cell(one.relation),
            text_cell(one.operation),
            text_cell(one.status),
            cell(count(one.rows), one.rows),
            text_cell(_means(one.status)),
        ]
        for one in found
    ]
    caption = "Rows of batches that were not done, by the status that their outcome told."
    empty = "Every row of this range was done, or its status was not counted yet."
    return Listing("undone", "Rows not done", caption, columns, rows, empty=empty)


def _means(status: str) -> str:
    return SAID[RowStatus(status)] if status in list(RowStatus) else ""


def newest_listing(found: Sequence["BatchDone"], zone: tzinfo) -> Listing:
    """One row a batch, the newest first."""
    columns = [
        Column("at", f"Ended ({zone})", numeric=False),
        *OF,
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
        text_cell(one.relation),
        text_cell(one.operation),
        *(cell(count(number), number) for number in numbers),
        cell(duration(one.seconds), one.seconds),
    ]
