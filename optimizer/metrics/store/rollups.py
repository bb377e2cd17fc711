"""Quarters from minutes, hours from quarters, days from hours: each computed anew from the finer.

A span is summed while its row is locked, and whoever stores something finer marks it stale in the
same transaction: so nothing is missed and nothing is added twice, however many do this at once.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from optimizer.domain.spans import (
    COARSER,
    DAY,
    FINER,
    HOUR,
    MINUTE,
    QUARTER,
    Stretch,
    stretch,
    stretches,
)
from optimizer.domain.tally import Tally
from optimizer.metrics.codec import Tallies
from optimizer.metrics.store.rows import (
    COLUMNS,
    mark_stale,
    row,
    stale,
    tally_of,
    upsert,
    write_figures,
)
from optimizer.models.metrics import MinuteTally, SnapshotRun, Span, SpanFigures, SpanTally

BATCH = 32  # spans that one transaction sums


def rollup(now: datetime, zone: tzinfo | None = None) -> int:
    """Sum every span that is out of date; answers how many. Days are those of `zone`."""
    zone = zone or timezone.get_default_timezone()
    _follow_zone(zone)
    return sum(_all_of(grain, now, zone) for grain in FINER)


def _all_of(grain: int, now: datetime, zone: tzinfo) -> int:
    done = 0
    while built := _build(grain, now, zone):
        done += built
    return done


@transaction.atomic
def _build(grain: int, now: datetime, zone: tzinfo) -> int:
    """Sum some stale spans that nobody else is summing."""
    spans = list(stale(grain).select_for_update(skip_locked=True)[:BATCH])
    if not spans:
        return 0
    owner = _finer_starts(grain, spans, zone)
    found = _tallies(grain, owner)
    write(grain, found)
    _settle(grain, spans, owner, now)
    if parent := COARSER.get(grain):
        mark_stale(parent, {stretch(parent, span.start, zone) for span in spans})
    return len(spans)


def _finer_starts(grain: int, spans: Iterable[Span], zone: tzinfo) -> dict[datetime, datetime]:
    """Each finer stretch's start → the start of the span that it is part of."""
    return {
        part.start: span.start
        for span in spans
        for part in stretches(FINER[grain], span.start, span.end, zone)
    }


def _tallies(grain: int, owner: Mapping[datetime, datetime]) -> dict[datetime, Tallies]:
    found: dict[datetime, Tallies] = {}
    for start, *values in _finer_rows(grain, list(owner)).iterator():
        key, tally = tally_of(values)
        found.setdefault(owner[start], {}).setdefault(key, Tally()).merge(tally)
    return found


def _finer_rows(grain: int, starts: list[datetime]) -> Any:
    if FINER[grain] == MINUTE:
        return MinuteTally.objects.filter(minute__in=starts).values_list("minute", *COLUMNS)
    rows = SpanTally.objects.filter(grain=FINER[grain], start__in=starts)
    return rows.values_list("start", *COLUMNS)


def write(grain: int, found: Mapping[datetime, Tallies]) -> None:
    """Store the sums of spans of one grain, by when each begins, with their figures."""
    rows = [
        row({"grain": grain, "start": start.isoformat()}, key, tallies[key])
        for start, tallies in found.items()
        for key in sorted(tallies)
    ]
    upsert("optimizer_spantally", ("grain", "start"), rows)
    write_figures(grain, found)


def _settle(
    grain: int, spans: Iterable[Span], owner: Mapping[datetime, datetime], now: datetime
) -> None:
    minutes: dict[datetime, int] = {}
    for start, known in _known(grain, list(owner)):
        minutes[owner[start]] = minutes.get(owner[start], 0) + known
    for span in spans:
        span.minutes, span.stale, span.built_at = minutes.get(span.start, 0), False, now
    Span.objects.bulk_update(spans, ["minutes", "stale", "built_at"])


def _known(grain: int, starts: list[datetime]) -> Iterable[tuple[datetime, int]]:
    """How many minutes are known of each finer stretch."""
    if FINER[grain] == MINUTE:
        known = SnapshotRun.objects.filter(minute__in=starts)
        return [(minute, 1) for minute in known.values_list("minute", flat=True)]
    finer = Span.objects.filter(grain=FINER[grain], start__in=starts)
    return list(finer.values_list("start", "minutes"))


@transaction.atomic
def _follow_zone(zone: tzinfo) -> None:
    """Where the reporting zone was changed, cut hours and days anew as far back as quarters go."""
    quarters = Span.objects.filter(grain=QUARTER)
    oldest = quarters.aggregate(oldest=Min("start"))["oldest"]
    if oldest is None or _is_followed(zone, oldest):
        return
    for grain in (HOUR, DAY):
        old = Span.objects.select_for_update().filter(grain=grain, end__gt=oldest)
        since = min((span.start for span in old), default=oldest)
        for model in (SpanTally, SpanFigures, Span):
            model._default_manager.filter(grain=grain, start__gte=since).delete()
    starts = quarters.values_list("start", flat=True)
    mark_stale(HOUR, {stretch(HOUR, start.astimezone(UTC), zone) for start in starts})


def _is_followed(zone: tzinfo, oldest: datetime) -> bool:
    """Whether the days since then are days of this zone."""
    days = Span.objects.filter(grain=DAY, end__gt=oldest).values_list("start", "end")
    return all(Stretch(start, end) == stretch(DAY, start, zone) for start, end in days)
