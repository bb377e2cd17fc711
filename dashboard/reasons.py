"""Why reads were sent on, and which questions they were: listings for several pages. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from dashboard.content import Cell, Column, Listing, cell, link, text_cell
from dashboard.formats import count, duration, percent, size

if TYPE_CHECKING:
    from optimizer.selectors import Sample, Shape

Addresses = Mapping[str, str]  # relation → its page
HINTS = {
    "cold": "Asked for the first time, or by one who shares with nobody.",
    "expired": "Its time was over: a longer TTL would have answered.",
    "invalidated": "A write ended it: rows told apart would end less.",
    "evicted": "It had to make room: a larger cache would have answered.",
    "bypassed": "Not cacheable, or the cache was off or away.",
}


def reason_listing(reasons: Mapping[str, int]) -> Listing:
    """How often each reason, the most frequent first, and what would help."""
    total = sum(reasons.values())
    rows = [
        [
            text_cell(name),
            cell(count(number), number),
            cell(percent(number / total), number / total),
            text_cell(HINTS.get(name, "")),
        ]
        for name, number in sorted(reasons.items(), key=lambda item: -item[1])
        if number
    ]
    columns = [
        Column("reason", "Reason", numeric=False),
        Column("reads", "Reads"),
        Column("share", "Share"),
        Column("hint", "What that means", numeric=False, long=True),
    ]
    caption = "Reads that the cache did not answer, by reason."
    return Listing("reasons", "Why reads were sent on", caption, columns, rows)


def shape_listing(
    shapes: Sequence["Shape"], addresses: Addresses, sort: str, caption: str
) -> Listing:
    """Kinds of questions, by time, bytes or misses; names and operators, no values."""
    columns = [
        Column("shape", "Question", numeric=False, long=True),
        Column("relation", "Table", numeric=False),
        Column("seconds", "Time"),
        Column("mean_seconds", "Mean"),
        Column("reads", "Reads"),
        Column("misses", "Misses"),
        Column("miss_share", "Missed"),
        Column("received_bytes", "Bytes"),
        Column("reasons", "Reasons", numeric=False, sortable=False, long=True),
    ]
    rows = [_shape(shape, addresses) for shape in shapes]
    return Listing("shapes", "Questions", caption, columns, rows, sort=sort or "-seconds")


def sample_listing(samples: Sequence["Sample"], addresses: Addresses, zone: tzinfo) -> Listing:
    """The latest reads that were slow or missed."""
    columns = [
        Column("at", f"At ({zone})", numeric=False),
        Column("kind", "Noted as", numeric=False),
        Column("relation", "Table", numeric=False),
        Column("shape", "Question", numeric=False, long=True),
        Column("outcome", "Answered", numeric=False),
        Column("reason", "Reason", numeric=False),
        Column("seconds", "Time"),
        Column("received_bytes", "Bytes"),
    ]
    rows = [_sample(sample, addresses, zone) for sample in samples]
    caption = "The latest reads that were slow or missed: what was asked, without any value."
    return Listing("samples", "Samples", caption, columns, rows)


def _shape(shape: "Shape", addresses: Addresses) -> list[Cell]:
    share = shape.misses / shape.count if shape.count else None
    mean = shape.seconds / shape.count if shape.count else None
    why = sorted(shape.reasons.items(), key=lambda item: -item[1])
    said = ", ".join(f"{name} {count(number)}" for name, number in why)
    return [
        text_cell(shape.shape),
        _relation(shape.relation, addresses),
        cell(duration(shape.seconds), shape.seconds),
        cell(duration(mean), mean),
        cell(count(shape.count), shape.count),
        cell(count(shape.misses), shape.misses),
        cell(percent(share), share),
        cell(size(shape.received), shape.received),
        text_cell(said),
    ]


def _sample(sample: "Sample", addresses: Addresses, zone: tzinfo) -> list[Cell]:
    at = datetime.fromtimestamp(sample.at, UTC).astimezone(zone)
    return [
        Cell(f"{at:%Y-%m-%d %H:%M:%S}", at.isoformat()),
        text_cell(sample.kind),
        _relation(sample.relation, addresses),
        text_cell(sample.shape),
        Cell(sample.outcome, sample.outcome, colour=sample.outcome),
        text_cell(sample.reason),
        cell(duration(sample.seconds), sample.seconds),
        cell(size(sample.received), sample.received),
    ]


def _relation(name: str, addresses: Addresses) -> Cell:
    address = addresses.get(name)
    return link(name, address) if address else text_cell(name)
