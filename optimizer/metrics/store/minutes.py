"""The snapshot: closed minutes of the ledger become rows of PostgreSQL.

Each step may be repeated, interrupted, or done by two at once: the rows hold absolute values, a
row is never replaced by one that counted less, and a minute is crossed off the ledger's list only
if it has not grown since it was read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
from django.db import connection, transaction
from django.db.models import Max

from optimizer.domain.spans import MINUTE, QUARTER, stretch
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import ledger
from optimizer.metrics.codec import Tallies
from optimizer.metrics.store.rows import COLUMNS, mark_stale, row, tally_of, upsert, write_figures
from optimizer.models.metrics import MinuteTally, SnapshotRun

GRACE = 3  # seconds after a minute's end in which its last deltas usually arrive
KEPT = timedelta(hours=2)  # how long the ledger holds stored minutes for latecomers
AHEAD = timedelta(minutes=2)  # by which a process's clock may be ahead of the snapshot's

# Also locks the minute: whoever else stores it waits until this transaction is over.
_KNOWN = """
    INSERT INTO optimizer_snapshotrun AS known (minute, ran_at, keys) VALUES (%s, %s, %s)
    ON CONFLICT (minute) DO UPDATE SET
        ran_at = GREATEST(known.ran_at, excluded.ran_at), keys = GREATEST(known.keys, excluded.keys)
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run of the snapshot did."""

    minutes: int
    keys: int
    forgotten: int
    vanished: int = 0  # processes that went without a goodbye


def snapshot(client: redis.Redis, now: datetime) -> Snapshot:
    """Store every closed minute that has news, then let the ledger drop what is long stored."""
    vanished = _report_alive(client, now)
    _set_right(client, now)
    keys = minutes = 0
    for open_ in ledger.open_minutes(client):
        if is_closed(open_.minute, now):
            keys += _store(client, open_, now)
            minutes += 1
    return Snapshot(minutes, keys, _forget(client, now), vanished)


def is_closed(minute: int, now: datetime) -> bool:
    """Whether a minute and the grace after it are over."""
    return minute + 60 + GRACE <= now.timestamp()


def _report_alive(client: redis.Redis, now: datetime) -> int:
    """Open this minute: where a snapshot runs, "nothing counted" means that nothing happened."""
    ledger.post_blocking(client, ledger.Report("snapshot", now.timestamp(), None, None))
    return ledger.reap(client, int(now.timestamp()) // 60 * 60)


def _set_right(client: redis.Redis, now: datetime) -> None:
    """Count in this minute what a wrong clock counted in a time to come, or long gone.

    Of minutes that were deleted nothing may be stored: their sums would be made anew from it.
    """
    here = int(now.timestamp()) // 60 * 60
    newest = SnapshotRun.objects.aggregate(at=Max("minute"))["at"]
    first = min(newest, now).timestamp() - ledger.OLDEST_SECONDS if newest else 0.0
    for open_ in ledger.open_minutes(client):
        if not first <= open_.minute <= here + AHEAD.total_seconds():
            ledger.move_minute(client, open_, here)


def _store(client: redis.Redis, open_: ledger.Minute, now: datetime) -> int:
    tallies = ledger.read_minute(client, open_.ledger, open_.minute)
    save(datetime.fromtimestamp(open_.minute, UTC), open_.ledger, tallies, now)
    ledger.close_minute(client, open_)
    return len(tallies)


def _forget(client: redis.Redis, now: datetime) -> int:
    kept_from = int((now - KEPT).timestamp()) // 60 * 60
    return sum(ledger.forget_before(client, id_, kept_from) for id_ in ledger.ledger_ids(client))


@transaction.atomic
def save(minute: datetime, ledger_id: str, tallies: Tallies, now: datetime) -> None:
    """Write a minute's absolute values under a ledger id, and that the minute is known."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [minute, now, len(tallies)])
    place = {"minute": minute.isoformat(), "ledger": ledger_id}
    rows = [row(place, key, tallies[key]) for key in sorted(tallies)]
    written = upsert("optimizer_minutetally", ("minute", "ledger"), rows, never_less=True)
    whole = written == len(rows) and not _counted_elsewhere(minute, ledger_id)
    write_figures(MINUTE, {minute: tallies if whole else _stored(minute)})
    mark_stale(QUARTER, [stretch(QUARTER, minute, UTC)])


def _counted_elsewhere(minute: datetime, ledger_id: str) -> bool:
    return MinuteTally.objects.filter(minute=minute).exclude(ledger=ledger_id).exists()


def _stored(minute: datetime) -> dict[Key, Tally]:
    """What all lives of the ledger counted in a minute, as it is stored."""
    found: dict[Key, Tally] = {}
    for values in MinuteTally.objects.filter(minute=minute).values_list(*COLUMNS):
        key, tally = tally_of(values)
        found.setdefault(key, Tally()).merge(tally)
    return found
