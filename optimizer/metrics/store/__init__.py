"""From the ledger into PostgreSQL: closed minutes, then quarters, hours and days; and out again."""

from optimizer.metrics.store.batches import expire_batches, store_batches
from optimizer.metrics.store.lifetime import keep_totals
from optimizer.metrics.store.minutes import Snapshot, is_closed, save, snapshot
from optimizer.metrics.store.retention import expire
from optimizer.metrics.store.rollups import rollup

__all__ = [
    "Snapshot",
    "expire",
    "expire_batches",
    "is_closed",
    "keep_totals",
    "rollup",
    "save",
    "snapshot",
    "store_batches",
]
