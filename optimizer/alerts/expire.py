"""How long the delivery log and the history of the rules are kept."""

from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from optimizer.models import AlertTransition, Notice, Outbox

KEPT = timedelta(days=90)


def expire(now: datetime) -> int:
    """Delete mails with their attempts, notices and transitions, done with for so long."""
    before = now - KEPT
    done = Notice.objects.filter(created_at__lt=before).exclude(fate=Notice.Fate.WAITING)
    notices, _ = done.delete()
    mails = Outbox.objects.filter(created_at__lt=before).exclude(state=Outbox.Delivery.PENDING)
    _past(before).delete()
    return notices + mails.delete()[0]


def _past(before: datetime) -> "QuerySet[AlertTransition]":
    """Old transitions, save for the last of each rule: it stands there still."""
    last = AlertTransition.objects.filter(rule=OuterRef("rule")).order_by("-at", "-pk")
    old = AlertTransition.objects.filter(at__lt=before)
    return old.exclude(pk=Subquery(last.values("pk")[:1]))
