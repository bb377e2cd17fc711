"""How new the stored data is, and how full the cache."""

from django.db.models import Max

from optimizer import runtime
from optimizer.conf import optimization_settings
from optimizer.domain.recency import CacheFill, Freshness
from optimizer.errors import CacheUnavailable
from optimizer.models import SnapshotRun


def freshness() -> Freshness:
    """The newest minute that is stored, and when a snapshot ran last."""
    found = SnapshotRun.objects.aggregate(newest=Max("minute"), ran_at=Max("ran_at"))
    return Freshness(found["newest"], found["ran_at"])


def cache_fill() -> CacheFill | None:
    """How full the shared tier is; None where it does not answer."""
    try:
        sizes = runtime.cache_sizes()
    except CacheUnavailable:
        return None
    return CacheFill(sizes.active, optimization_settings.cache_max_size)
