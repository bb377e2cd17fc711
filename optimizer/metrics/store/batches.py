"""The history of batches: from Valkey into PostgreSQL, and out again after a month."""

from datetime import UTC, datetime, timedelta

import redis

from optimizer.metrics import presence
from optimizer.models import BatchRun

KEPT = timedelta(days=30)


def store_batches(client: redis.Redis) -> int:
    """Store what waits, each once however often it comes; answers how many came."""
    came = list(presence.waiting(client))
    BatchRun.objects.bulk_create((_row(note) for _, note in came), ignore_conflicts=True)
    presence.taken(client, [text for text, _ in came])
    return len(came)


def expire_batches(now: datetime) -> int:
    """Delete batches that ended long ago; answers how many."""
    gone, _ = BatchRun.objects.filter(at__lt=now - KEPT).delete()
    return gone


def _row(note: presence.BatchNote) -> BatchRun:
    at = datetime.fromtimestamp(note.at, UTC)
    return BatchRun(
        id=note.id, at=at, relation=note.relation[:160], operation=note.operation, rows=note.rows,
        failed=note.failed, calls=note.calls, seconds=note.seconds,
    )  # fmt: skip
