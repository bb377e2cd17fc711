"""The snapshot: closed minutes of the ledger become rows of PostgreSQL.

Each step may be repeated, interrupted, or done by two at once: the rows hold absolute values, a
row is never replaced by one that counted less, and a minute is crossed off the ledger's list only
if it has not grown since it was read.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from django.db import connection, transaction

from optimizer.domain.tally import COUNTERS, Key, Tally
from optimizer.metrics import ledger
from optimizer.models.metrics import SnapshotRun

GRACE = 3  # seconds after a minute's end in which its last deltas usually arrive
KEPT = timedelta(hours=2)  # how long the ledger holds stored minutes for latecomers

_COLUMNS = (
    "minute, step, relation, operation, outcome, "
    "count, nanoseconds, received, sent, rows, failed, calls, buckets"
)
# `step` and its like are text in the recordset; the table's own lengths then apply.
_UPSERT = f"""
    INSERT INTO optimizer_minutetally ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_to_recordset(%s::jsonb) AS t(
        minute timestamptz, step text, relation text, operation text, outcome text,
        count bigint, nanoseconds bigint, received bigint, sent bigint,
        rows bigint, failed bigint, calls bigint, buckets jsonb)
    ON CONFLICT (minute, step, relation, operation, outcome) DO UPDATE SET
        (count, nanoseconds, received, sent, rows, failed, calls, buckets) =
        (excluded.count, excluded.nanoseconds, excluded.received, excluded.sent,
         excluded.rows, excluded.failed, excluded.calls, excluded.buckets)
    WHERE optimizer_minutetally.count <= excluded.count
"""  # noqa: S608 - built from the constant above only


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run of the snapshot did."""

    minutes: int
    keys: int
    forgotten: int


def snapshot(client: redis.Redis, now: datetime) -> Snapshot:
    """Store every closed minute that has news, then let the ledger drop what is long stored."""
    _report_alive(client, now)
    keys = minutes = 0
    for minute, version in sorted(ledger.open_minutes(client).items()):
        if is_closed(minute, now):
            keys += _store(client, minute, version, now)
            minutes += 1
    kept_from = int((now - KEPT).timestamp()) // 60 * 60
    return Snapshot(minutes, keys, ledger.forget_before(client, kept_from))


def is_closed(minute: int, now: datetime) -> bool:
    """Whether a minute and the grace after it are over."""
    return minute + 60 + GRACE <= now.timestamp()


def _report_alive(client: redis.Redis, now: datetime) -> None:
    """Open this minute: where a snapshot runs, "nothing counted" means that nothing happened."""
    ledger.post_blocking(client, ledger.Report("snapshot", now.timestamp(), None, None))


def _store(client: redis.Redis, minute: int, version: int, now: datetime) -> int:
    tallies = ledger.read_minute(client, minute)
    save(datetime.fromtimestamp(minute, UTC), tallies, now)
    ledger.close_minute(client, minute, version)
    return len(tallies)


@transaction.atomic
def save(minute: datetime, tallies: dict[Key, Tally], now: datetime) -> None:
    """Write a minute's absolute values, and that the minute is known."""
    at = minute.isoformat()
    rows = [_row(at, key, tallies[key]) for key in sorted(tallies)]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [json.dumps(rows)])
    SnapshotRun.objects.update_or_create(
        minute=minute, defaults={"ran_at": now, "keys": len(tallies)}
    )


def _row(minute: str, key: Key, tally: Tally) -> dict[str, Any]:
    counters = {name: getattr(tally, name) for name in COUNTERS}
    return {"minute": minute, **key._asdict(), **counters, "buckets": tally.buckets}
