"""metrics: what counting costs, and how fast a year of it is read; each beside what is allowed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from typing import Any

from benchmarks.inprocess import use
from benchmarks.report import Row
from benchmarks.stack import Stack
from optimizer.domain.facts import CacheRead, ReadOutcome, Tier
from optimizer.domain.tally import Key, Tally
from optimizer.metrics.recorder import Recorder

RELATIONS = 8
_READS = (
    ("hit", "", "l1"),
    ("hit", "", "l2"),
    ("coalesced", "cold", "upstream"),
    ("miss", "cold", "upstream"),
    ("miss", "expired", "upstream"),
    ("miss", "invalidated", "upstream"),
)
_WRITES = ("insert", "update")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def run(quick: bool) -> list[Row]:
    """Our figure in the first column, the allowed one in the second; storage has no bar."""
    with Stack() as stack:
        stack.migrate()
        use(stack, "http://127.0.0.1:1")
        return [
            _recording(200_000 if quick else 1_000_000),
            *_snapshot(),
            *_storage(120 if quick else 1440),
            *_series(20 if quick else 100),
        ]


def _recording(count: int) -> Row:
    """Microseconds of CPU that counting a read and its shape takes, the best of five runs."""
    recorder = Recorder("bench")
    shape = "GET select=id,name&limit=?"
    fact = CacheRead("api.contacts", ReadOutcome.HIT, Tier.L1, None, 0.0002, 5000, shape=shape)
    taken = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(count // 5):
            recorder.record(fact)
        taken.append((time.process_time() - start) / (count // 5))
    return Row("recording a request, µs: ours, allowed", min(taken) * 1e6, 2, "<= 1")


def _snapshot() -> list[Row]:
    """Seconds to store a minute with 10,000 keys, out of Valkey, in PostgreSQL: best of three."""
    import redis
    from django.conf import settings

    from optimizer.metrics import ledger, store

    now = int(datetime.now(UTC).timestamp()) // 60 * 60
    names = [f"api.t{n}" for n in range(10_000 // len(_READS))]
    keys = [Key("asked", name, "read", *rest) for name in names for rest in _READS]
    tallies, taken = _tallies(keys, Random(1)), []
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        for number, at in enumerate((now, now + 60, now + 120), 1):
            batch = ledger.Batch("bench", number, {(at, *k): tally for k, tally in tallies.items()})
            ledger.post_blocking(client, ledger.Report("bench", at, batch, None))
            closed = datetime.fromtimestamp(at + 65, UTC)
            taken.append(_seconds(partial(store.snapshot, client, closed)))
        since_ever = _seconds(lambda: store.keep_totals(client))
    return [
        Row(f"snapshot of {len(keys):,} keys, s: ours, allowed", min(taken), 1, "<= 1"),
        Row(f"counters since ever of {len(keys):,} keys, s", since_ever, 0),
    ]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _storage(minutes: int) -> list[Row]:
    """Megabytes of a day and of a year at eight relations, each grain as long as it is kept."""
    from optimizer.domain.spans import HOUR, KEPT, MINUTE, QUARTER
    from optimizer.metrics import store
    from optimizer.models import Span, SpanFigures

    _empty()
    random = Random(2)
    for n in range(minutes):
        minute = _START + n * _MINUTE
        store.save(minute, "bench", _tallies(_keys(), random), minute)
    store.rollup(_START, UTC)
    figures = (RELATIONS + 1) * _size("spanfigures") / SpanFigures.objects.count()
    a_minute = _size("minutetally", "snapshotrun") / minutes + figures
    a_span = _size("spantally", "span") / Span.objects.count() + figures
    day = 1440 * a_minute + (96 + 24 + 1) * a_span
    hours = min(KEPT[HOUR].days, 365) * 24
    year = KEPT[MINUTE].days * 1440 * a_minute + (KEPT[QUARTER].days * 96 + hours + 365) * a_span
    return [Row("storage of a day, MB", day / 1e6, 0), Row("storage of a year, MB", year / 1e6, 0)]


def _series(rounds: int) -> list[Row]:
    """Milliseconds and kilobytes of the last hour and of the last year, asked as a browser does."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    _empty()
    _fill()
    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = get_user_model().objects.get_or_create(username="bench", is_staff=True)
    client = Client()
    client.force_login(user)
    return [row for name in ("1h", "1y") for row in _asked(client, name, rounds)]


def _asked(client: Any, name: str, rounds: int) -> list[Row]:
    url = f"/api/optimization/series?range={name}"
    first = client.get(url)
    points = len(first.json()["columns"]["start"])
    kilobytes = len(first.content) / 1000
    tag = {"HTTP_IF_NONE_MATCH": first["ETag"]}
    assert client.get(url, **tag).status_code == 304
    read = _median(lambda: client.get(url), rounds)
    again = _median(lambda: client.get(url, **tag), rounds)
    return [
        Row(f"series of {name}, {points} points, ms: ours, allowed", read, 50, "<= 1"),
        Row(f"series of {name}, kB: ours, allowed", kilobytes, 60, "<= 1"),
        Row(f"series of {name} unchanged (304), ms: ours, allowed", again, 10, "<= 1"),
    ]


def _median(call: Callable[[], object], rounds: int) -> float:
    taken = []
    for number in range(-3, rounds):
        if number % 15 == 0:
            time.sleep(1)  # the endpoint lets one caller ask twenty times a second
        seconds = _seconds(call)
        taken += [seconds] if number >= 0 else []
    return median(taken) * 1000


def _fill() -> None:
    """The last two hours by minute, and the last year by day, as the real functions write them."""
    from optimizer.domain.spans import DAY, stretch
    from optimizer.metrics import store
    from optimizer.metrics.store.rollups import write
    from optimizer.models import Span

    now, random = datetime.now(UTC), Random(3)
    newest = now.replace(second=0, microsecond=0) - 2 * _MINUTE
    for n in range(120):
        store.save(newest - n * _MINUTE, "bench", _tallies(_keys(), random), now)
    days = [stretch(DAY, now - n * _DAY, UTC) for n in range(366)]
    found = {day.start: _tallies(_keys(), random, 1440) for day in days}
    Span.objects.bulk_create(
        Span(grain=DAY, start=d.start, end=d.end, minutes=1440, stale=False, built_at=now)
        for d in days
    )
    write(DAY, found)


def _keys() -> list[Key]:
    """What eight relations bring about in a busy minute."""
    names = [f"api.table{n}" for n in range(RELATIONS)]
    reads = [Key("asked", name, "read", *rest) for name in names for rest in _READS]
    writes = [Key("asked", name, op, "ok") for name in names for op in _WRITES]
    sent = [Key("sent", name, op, "ok") for name in names for op in ("read", *_WRITES)]
    return [*reads, *writes, *sent, Key("lent", "", "", "reused")]


def _tallies(keys: list[Key], random: Random, times: int = 1) -> dict[Key, Tally]:
    """Some twenty events a key, spread over their times as latencies are."""
    found = {}
    for key in keys:
        tally = Tally()
        for _ in range(20):
            tally.add(random.lognormvariate(-5, 1), 5000, 400)
        for bucket in tally.buckets:
            tally.buckets[bucket] *= times
        tally.count, tally.nanoseconds = tally.count * times, tally.nanoseconds * times
        tally.received, tally.sent = tally.received * times, tally.sent * times
        found[key] = tally
    return found


def _empty() -> None:
    from optimizer.models import MinuteTally, SnapshotRun, Span, SpanFigures, SpanTally

    for model in (MinuteTally, SnapshotRun, Span, SpanFigures, SpanTally):
        model._default_manager.all().delete()
    _vacuum()


def _size(*tables: str) -> int:
    """Bytes of tables of ours with their indexes, without the rows that are dead."""
    from django.db import connection

    _vacuum()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size('optimizer_' || name))"
            " FROM unnest(%s::text[]) AS name",
            [list(tables)],
        )
        return int(cursor.fetchone()[0])


def _vacuum() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for name in ("minutetally", "snapshotrun", "span", "spantally", "spanfigures"):
            cursor.execute(f"VACUUM FULL optimizer_{name}")
