"""What was counted here up to a moment: stored sums, and the minutes that are in hand already."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from django.db.models import Q, Sum

from optimizer.alerts.rows import between, of
from optimizer.domain.figures import ALL
from optimizer.domain.measures import Parts
from optimizer.domain.recency import floor
from optimizer.domain.spans import QUARTER
from optimizer.domain.tally import Step
from optimizer.models import MinuteTally, SpanFigures

Minutes = Mapping[datetime, Parts]


class Use(NamedTuple):
    """Of the calls that were sent."""

    received: int  # bytes
    calls: int


class Meter:
    """What was counted of a relation, or of all, from `origin` up to a moment.

    `minutes` holds all that is stored from `start` on, so that a week of moments costs no query;
    each earlier moment is read once.
    """

    def __init__(self, relation: str, origin: datetime, start: datetime, minutes: Minutes) -> None:
        self._relation, self._origin, self._start = relation, origin, start
        self._minutes = sorted(at for at in minutes if at >= start)
        received = accumulate((minutes[at].top for at in self._minutes), initial=0)
        calls = accumulate((minutes[at].bottom for at in self._minutes), initial=0)
        self._sums = [Use(*both) for both in zip(received, calls, strict=True)]
        self._known: dict[datetime, Use] = {}

    def at(self, moment: datetime) -> Use:
        """The sums of all minutes before a moment."""
        if moment <= self._start or not self._minutes:
            return self._stored(moment)
        base, since = self._stored(self._start), self._sums[bisect_left(self._minutes, moment)]
        return Use(base.received + since.received, base.calls + since.calls)

    def _stored(self, moment: datetime) -> Use:
        if moment not in self._known:
            quarter = floor(moment, timedelta(minutes=QUARTER))
            whole, rest = self._quarters(quarter), self._rest(quarter, moment)
            self._known[moment] = Use(whole.received + rest.received, whole.calls + rest.calls)
        return self._known[moment]

    def _quarters(self, end: datetime) -> Use:
        relation = of(self._relation) if self._relation else Q(relation=ALL)
        rows = SpanFigures.objects.filter(
            relation, grain=QUARTER, start__gte=self._origin, start__lt=end
        )
        found = rows.aggregate(received=Sum("received"), calls=Sum("sent"))
        return Use(int(found["received"] or 0), int(found["calls"] or 0))

    def _rest(self, start: datetime, end: datetime) -> Use:
        """What of the last quarter lies before its moment; it may not be summed up yet."""
        rows = between(MinuteTally.objects.filter(of(self._relation), step=Step.SENT), start, end)
        found = rows.aggregate(received=Sum("received"), calls=Sum("count"))
        return Use(int(found["received"] or 0), int(found["calls"] or 0))
