"""The figures that rules are judged by, out of the stored minutes.

`SOURCES` says of each metric which rows make up its parts; to watch another one, give it its words
in `optimizer.domain.measures` and its rows here. The snapshot's age alone is counted otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from optimizer.alerts.forecast import valuer
from optimizer.alerts.rows import between, of
from optimizer.domain.counts import HIT_OUTCOMES
from optimizer.domain.facts import Operation, ReadOutcome
from optimizer.domain.measures import MEASURES, Metric, Parts
from optimizer.domain.recency import MINUTE, floor
from optimizer.domain.rules import Observation, Rule
from optimizer.domain.tally import Step
from optimizer.models import MinuteTally, SnapshotRun

_ASKED, _SENT, _LENT = Q(step=Step.ASKED), Q(step=Step.SENT), Q(step=Step.LENT)
_UNSENT = Q(step=Step.UNSENT)
_NEEDED = _SENT | _UNSENT  # what is not sent in an outage is neither a saving nor silence
_READ = _ASKED & Q(operation=Operation.READ)
_HITS = _READ & Q(outcome__in=HIT_OUTCOMES)
_NO_ROW = Q(step="")
ENOUGH = 1_000_000  # an age rests on no samples: it never has too few


@dataclass(frozen=True, slots=True)
class Source:
    """Which rows are summed: `top` less `less`, `bottom`, and where times matter their buckets."""

    top: Q
    bottom: Q
    less: Q = _NO_ROW
    column: str = "count"
    buckets: Q | None = None


SOURCES: Mapping[Metric, Source] = {
    Metric.HIT_RATE: Source(_HITS, _HITS | (_READ & Q(outcome=ReadOutcome.MISS))),
    Metric.CALL_REDUCTION: Source(_ASKED, _ASKED, less=_NEEDED),
    Metric.CALLS: Source(_SENT, _SENT),
    # 4xx is the caller's doing ("refused"); "error" is 5xx, "unknown" no answer at all.
    Metric.ERROR_RATE: Source(_UNSENT | (_SENT & Q(outcome__in=("error", "unknown"))), _NEEDED),
    Metric.P95: Source(_ASKED, _ASKED, buckets=_ASKED),
    Metric.POOL_WAITING: Source(_LENT, _LENT, buckets=_LENT),
    Metric.EGRESS_FORECAST: Source(_SENT, _SENT, column="received"),
    Metric.COST_FORECAST: Source(_SENT, _SENT, column="received"),
}


def data_until(now: datetime) -> datetime | None:
    """The end of the newest stored minute that is over; None before the first snapshot."""
    known = SnapshotRun.objects.filter(minute__lte=now - MINUTE)
    newest = known.order_by("-minute").values_list("minute", flat=True).first()
    return newest + MINUTE if newest else None


def observe(rule: Rule, until: datetime | None, now: datetime) -> Observation:
    """The rule's figure over its window before `until`, and how many samples it rests on."""
    if rule.metric is Metric.SNAPSHOT_AGE:
        return snapshot_age(until, now)
    if until is None:
        return Observation(None, None, 0)
    parts = _window(rule, until)
    return Observation(until, valuer(rule, until)(parts, until), parts.bottom)


def snapshot_age(until: datetime | None, now: datetime) -> Observation:
    """How old the newest figures are, in seconds; judged each minute, whatever is stored."""
    if until is None:
        return Observation(None, None, 0)  # a new installation has nothing to be late with
    age = (now - until).total_seconds()
    return Observation(floor(now, MINUTE), age, samples=ENOUGH)


def by_minute(rule: Rule, start: datetime, end: datetime) -> dict[datetime, Parts]:
    """The parts of each minute that is known, those in which nothing happened included."""
    runs = between(SnapshotRun.objects.all(), start, end).values_list("minute", flat=True)
    found = {minute: Parts(minutes=1) for minute in runs}
    source = SOURCES[rule.metric]
    for row in _rows(rule, start, end).values("minute").annotate(**_sums(source)):
        parts = found.setdefault(row["minute"], Parts(minutes=1))
        parts.top, parts.bottom = int(row["top"] - row["less"]), int(row["bottom"])
    if source.buckets is not None:
        rows = _rows(rule, start, end).filter(source.buckets)
        for minute, buckets in rows.values_list("minute", "buckets"):
            found[minute].add(Parts(buckets=buckets))
    return found


def _window(rule: Rule, until: datetime) -> Parts:
    start, source = until - rule.window, SOURCES[rule.metric]
    rows = _rows(rule, start, until)
    sums = rows.aggregate(**_sums(source))
    parts = Parts(int(sums["top"] - sums["less"]), int(sums["bottom"]))
    parts.minutes = between(SnapshotRun.objects.all(), start, until).count()
    if source.buckets is not None:
        for buckets in rows.filter(source.buckets).values_list("buckets", flat=True):
            parts.add(Parts(buckets=buckets))
    return parts


def _sums(source: Source) -> dict[str, Any]:
    chosen = {"top": source.top, "less": source.less, "bottom": source.bottom}
    columns = {"top": source.column, "less": source.column, "bottom": "count"}
    return {name: Coalesce(Sum(columns[name], filter=chosen[name]), 0) for name in chosen}


def _rows(rule: Rule, start: datetime, end: datetime) -> Any:
    rows = between(MinuteTally.objects.all(), start, end)
    return rows.filter(of(rule.relation)) if MEASURES[rule.metric].by_relation else rows
