"""How long the delivery log is kept."""

from datetime import datetime, timedelta

from optimizer.models import Notice, Outbox

KEPT = timedelta(days=90)


def expire(now: datetime) -> int:
    """Delete mails with their attempts, and notices, that have been done with for so long."""
    before = now - KEPT
    done = Notice.objects.filter(created_at__lt=before).exclude(fate=Notice.Fate.WAITING)
    notices, _ = done.delete()
    mails = Outbox.objects.filter(created_at__lt=before).exclude(state=Outbox.Delivery.PENDING)
    return notices + mails.delete()[0]
