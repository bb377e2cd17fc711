"""The text that Prometheus reads: what was counted since ever, stored before it is shown."""

from django.conf import settings
from django.db.models import Max

from optimizer.config import connect_blocking
from optimizer.errors import CacheUnavailable
from optimizer.metrics.codec import added_up
from optimizer.metrics.export import Now, families, render
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.store.lifetime import keep_totals, stored_totals
from optimizer.models import SnapshotRun


def exposition() -> str:
    """Everything counted; with the ledger away, what was stored last."""
    gauges = _kept_gauges()
    tallies = added_up(stored_totals().values())
    ran = SnapshotRun.objects.aggregate(at=Max("ran_at"))["at"]
    return render(families(tallies, Now(gauges, ran.timestamp() if ran else None)))


def _kept_gauges() -> list[PoolGauges] | None:
    """Store the ledger's totals and answer its gauges; None where it is away."""
    try:
        with connect_blocking(settings.VALKEY_URL) as client:
            return keep_totals(client).gauges
    except CacheUnavailable:
        return None
