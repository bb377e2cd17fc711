"""The series: sums of a range in points, from the grain that is stored for the step."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import Max

from optimizer.domain.figures import NUMBERS, Figures, summed
from optimizer.domain.request import Sum, Wanted
from optimizer.domain.spans import MINUTE
from optimizer.models import SnapshotRun, Span, SpanFigures

_COLUMNS = (*NUMBERS, "cached", "fetched")


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a range, of the one before it where that was asked, and their sums."""

    wanted: Wanted
    relation: str  # "" is all
    points: list[Sum]
    previous: list[Sum] | None

    @property
    def total(self) -> Figures:
        """All points together."""
        return summed(point.figures for point in self.points)


def series(wanted: Wanted, relation: str = "", *, compare: bool = False) -> Series:
    """Read the points of a range; a minute of which nothing is known is not counted as zero."""
    previous = points(wanted.before(), relation) if compare else None
    return Series(wanted, relation, points(wanted, relation), previous)


def points(wanted: Wanted, relation: str) -> list[Sum]:
    """The points of a range."""
    pieces = wanted.stretches()
    starts = [piece.start for piece in pieces]
    minutes = [0] * len(pieces)
    found: list[Figures | None] = [None] * len(pieces)
    for at, number in known(wanted):
        minutes[bisect_right(starts, at) - 1] += number
    for at, figures in _figures(wanted, relation):
        place = bisect_right(starts, at) - 1
        held = found[place]
        found[place] = figures if held is None else held.merge(figures)
    points = zip(pieces, minutes, found, strict=True)
    return [Sum(piece, number, figures or Figures()) for piece, number, figures in points]


def version(wanted: Wanted, ran: datetime | None, *parts: object) -> str:
    """Changes whenever the answer may have; costs two look-ups in indexes.

    One run stores many minutes and sums many spans under one time: while spans are still to be
    summed their number tells its steps apart.
    """
    built = Span.objects.aggregate(at=Max("built_at"))["at"]
    due = Span.objects.filter(stale=True).count()
    said = (wanted.start, wanted.end, wanted.step, str(wanted.zone), ran, built, due, parts)
    return f'"{sha256(repr(said).encode()).hexdigest()[:20]}"'


def known(wanted: Wanted) -> Iterable[tuple[datetime, int]]:
    """How many minutes are known of each stored piece of a range, by when it begins."""
    if wanted.grain == MINUTE:
        runs = SnapshotRun.objects.filter(minute__gte=wanted.start, minute__lt=wanted.end)
        return [(minute, 1) for minute in runs.values_list("minute", flat=True)]
    return list(_within(Span.objects.all(), wanted).values_list("start", "minutes"))


def _figures(wanted: Wanted, relation: str) -> Iterable[tuple[datetime, Figures]]:
    rows = _within(SpanFigures.objects.filter(relation=relation), wanted)
    for start, *numbers, cached, fetched in rows.values_list("start", *_COLUMNS):
        figures = Figures(*numbers)
        figures.cached, figures.fetched = cached, fetched
        yield start, figures


def _within(rows: Any, wanted: Wanted) -> Any:
    return rows.filter(grain=wanted.grain, start__gte=wanted.start, start__lt=wanted.end)
