"""Supabase's own count of calls beside ours, of the last day that it told of."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db.models import Max, Min

from optimizer.domain.figures import ALL
from optimizer.domain.spans import QUARTER, Stretch
from optimizer.models import Span, SpanFigures, SupabaseCalls

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOURCE = "Supabase's management API, usage.api-counts, by a personal token"
NOTE = (
    "Theirs are the REST calls of all clients of the project, ours those that left here: what is "
    "more came from clients that do not pass through the engine."
)


@dataclass(frozen=True, slots=True)
class CallsPoint:
    """One stretch of which Supabase told."""

    start: datetime
    theirs: int
    ours: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Supabase's own count of REST calls, of all clients together, beside ours, of a stretch."""

    stretch: Stretch
    theirs: int
    ours: int
    fetched_at: datetime
    points: list[CallsPoint]
    source: str = SOURCE
    note: str = NOTE


def calls_beside_ours() -> Calls | None:
    """The last day that both have counted to its end; None where nothing was fetched."""
    rows = _told()
    if not rows:
        return None
    length = min((b.at - a.at for a, b in pairwise(rows)), default=HOUR)
    whole = _whole(rows, length)
    starts = [row.at.astimezone(UTC) for row in whole]
    ours = _sent(starts, length)
    points = [
        CallsPoint(start, row.rest, sent)
        for start, row, sent in zip(starts, whole, ours, strict=True)
    ]
    return Calls(
        Stretch(starts[0], starts[-1] + length),
        sum(point.theirs for point in points),
        sum(ours),
        max(row.fetched_at for row in whole).astimezone(UTC),
        points,
    )


def _told() -> list[SupabaseCalls]:
    newest = SupabaseCalls.objects.aggregate(at=Max("at"))["at"]
    if newest is None:
        return []
    return list(SupabaseCalls.objects.filter(at__gt=newest - DAY).order_by("at"))


def _whole(rows: Sequence[SupabaseCalls], length: timedelta) -> Sequence[SupabaseCalls]:
    """Those that were over when they were told, since we count; all of them if there is none."""
    since = Span.objects.filter(grain=QUARTER).aggregate(at=Min("start"))["at"]
    whole = [
        row
        for row in rows
        if row.at + length <= row.fetched_at and (since is None or row.at >= since)
    ]
    return whole or rows


def _sent(starts: Sequence[datetime], length: timedelta) -> list[int]:
    """How many calls left here in each of these stretches."""
    sent = [0] * len(starts)
    within = SpanFigures.objects.filter(
        grain=QUARTER, relation=ALL, start__gte=starts[0], start__lt=starts[-1] + length
    )
    for at, count in within.values_list("start", "sent"):
        place = bisect_right(starts, at) - 1
        if at < starts[place] + length:
            sent[place] += count
    return sent
