"""The figures that rules are judged by, out of the stored minutes."""

from datetime import datetime

from django.db.models import Q, Sum

from optimizer.domain.counts import Counts
from optimizer.domain.facts import Operation
from optimizer.domain.rules import Observation, Rule
from optimizer.domain.series import MINUTE
from optimizer.domain.tally import Key, Step, Tally
from optimizer.models import MinuteTally, SnapshotRun


def data_until(now: datetime) -> datetime | None:
    """The end of the newest stored minute that is over; None before the first snapshot."""
    known = SnapshotRun.objects.filter(minute__lte=now - MINUTE)
    newest = known.order_by("-minute").values_list("minute", flat=True).first()
    return newest + MINUTE if newest else None


def hit_rate(rule: Rule, until: datetime | None) -> Observation:
    """The hit rate over the rule's window before `until`, in percent, and its number of reads."""
    if until is None:
        return Observation(None, None, 0)
    counts = _reads(rule, until)
    rate = counts.hit_rate
    return Observation(until, None if rate is None else 100 * rate, counts.hits + counts.misses)


def _reads(rule: Rule, until: datetime) -> Counts:
    rows = (
        MinuteTally.objects.filter(minute__gte=until - rule.window, minute__lt=until)
        .filter(_of(rule.relation), step=Step.ASKED, operation=Operation.READ)
        .values("outcome")
        .annotate(n=Sum("count"))
    )
    keys = {Key(Step.ASKED, "", Operation.READ, row["outcome"]): row["n"] for row in rows}
    return Counts({key: Tally(int(count)) for key, count in keys.items()})


def _of(relation: str) -> Q:
    """All relations for none, and those of every schema for a bare name."""
    if not relation:
        return Q()
    return Q(relation=relation) if "." in relation else Q(relation__endswith=f".{relation}")
