"""Roll-ups: each grain is the sum of the minutes, whatever came late, twice or at once."""

import random
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from optimizer.domain.spans import DAY, HOUR, QUARTER, stretch
from optimizer.domain.tally import Key, Tally, merged
from optimizer.metrics import store
from optimizer.metrics.store.rows import COLUMNS, tally_of
from optimizer.models import MinuteTally, SnapshotRun, Span, SpanFigures, SpanTally
from tests.metrics.factories import NOON

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HIT = Key("asked", "api.contacts", "read", "hit", "", "l1")
MISS = Key("asked", "api.contacts", "read", "miss", "cold", "upstream")
MINUTE = timedelta(minutes=1)


def hits(count, seconds=0.001):
    """So many hits of equal duration."""
    tally = Tally()
    for _ in range(count):
        tally.add(seconds, 100)
    return tally


def keep(minute, tallies, life="life"):
    """Store a minute as the snapshot does."""
    store.save(minute, life, tallies, minute + timedelta(seconds=70))


def summed(grain):
    """Start → hits, of a grain."""
    rows = SpanTally.objects.filter(grain=grain, outcome="hit")
    return dict(rows.order_by("start").values_list("start", "count"))


def test_minutes_become_quarters_hours_and_days():
    """Counts, bytes, times and buckets, all of them sums."""
    for n in range(90):
        keep(NOON + n * MINUTE, {HIT: hits(n)})
    assert store.rollup(NOON, UTC) == 6 + 2 + 1
    assert list(summed(QUARTER).values()) == [sum(range(n, n + 15)) for n in range(0, 90, 15)]
    assert list(summed(HOUR).values()) == [sum(range(60)), sum(range(60, 90))]
    (day,) = SpanTally.objects.filter(grain=DAY)
    total = sum(range(90))
    assert (day.count, day.received, sum(day.buckets.values())) == (total, 100 * total, total)
    assert list(Span.objects.filter(grain=HOUR).values_list("minutes", flat=True)) == [60, 30]


def test_what_charts_draw_is_the_sum_too():
    """One row a relation, and one for all of them."""
    other = Key("asked", "api.projects", "read", "hit", "", "l2")
    keep(NOON, {HIT: hits(3), other: hits(4), MISS: hits(2, 0.1)})
    store.rollup(NOON, UTC)
    found = {f.relation: (f.asked, f.hits, f.misses) for f in SpanFigures.objects.filter(grain=DAY)}
    assert found == {"": (9, 7, 2), "api.contacts": (5, 3, 2), "api.projects": (4, 4, 0)}


def test_a_late_arrival_changes_every_grain_above_it():
    """And nothing else is summed again."""
    keep(NOON, {HIT: hits(1)})
    keep(NOON + 30 * MINUTE, {HIT: hits(1)})
    store.rollup(NOON, UTC)
    keep(NOON, {HIT: hits(5)})
    assert store.rollup(NOON, UTC) == 3
    assert list(summed(DAY).values()) == [6]


def test_summing_again_changes_nothing():
    """Where nothing is new there is nothing to do."""
    keep(NOON, {HIT: hits(2)})
    store.rollup(NOON, UTC)
    assert store.rollup(NOON, UTC) == 0
    Span.objects.update(stale=True)
    store.rollup(NOON, UTC)
    assert list(summed(DAY).values()) == [2]


def test_two_lives_of_the_ledger_add_up_within_a_minute():
    """A server that came back at zero continues the minute, in charts too."""
    keep(NOON, {HIT: hits(5)}, "first")
    keep(NOON, {HIT: hits(3)}, "second")
    keep(NOON, {HIT: hits(4)}, "first")  # an older reading of the first, delayed
    store.rollup(NOON, UTC)
    assert list(summed(DAY).values()) == [8]
    assert SpanFigures.objects.get(grain=1, relation="").hits == 8


def test_a_day_in_berlin_ends_when_berlin_sleeps():
    """22:30 UTC in summer is the next day there."""
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    keep(late - timedelta(hours=1), {HIT: hits(1)})
    keep(late, {HIT: hits(2)})
    store.rollup(late, BERLIN)
    assert list(summed(DAY).values()) == [1, 2]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_zones_of_half_and_quarter_hours_lose_nothing(zone):
    """At +5:30 and +5:45 an hour is a local one; every tier has the same sum."""
    start = datetime(2026, 5, 5, 17, 50, tzinfo=UTC)
    for n in range(60):
        keep(start + n * MINUTE, {HIT: hits(1)})
    place = ZoneInfo(zone)
    store.rollup(start, place)
    midnight = stretch(DAY, start + 59 * MINUTE, place).start
    before = (midnight - start) // MINUTE
    assert list(summed(DAY).values()) == [before, 60 - before]
    assert sum(summed(HOUR).values()) == sum(summed(QUARTER).values()) == 60


def test_another_reporting_zone_cuts_the_days_anew():
    """As far back as quarters are kept; the sums stay what they were."""
    at = datetime(2026, 7, 1, 18, tzinfo=UTC)
    for n in range(12):
        keep(at + n * timedelta(hours=1), {HIT: hits(1)})
    store.rollup(at, UTC)
    assert list(summed(DAY).values()) == [6, 6]
    store.rollup(at, BERLIN)
    assert list(summed(DAY).values()) == [4, 8]
    assert sum(summed(HOUR).values()) == 12


def test_what_is_old_goes_and_the_coarser_sums_stay(monkeypatch):
    """Fourteen days of minutes; and nothing goes before it was summed."""
    monkeypatch.setattr("optimizer.metrics.store.retention.BATCH", 7)
    for n in range(30):
        keep(NOON + n * MINUTE, {HIT: hits(1)})
    keep(NOON + timedelta(days=15), {HIT: hits(1)})
    later = NOON + timedelta(days=15, hours=1)
    assert store.expire(later) == 0
    store.rollup(later, UTC)
    store.expire(later)
    assert list(MinuteTally.objects.values_list("minute", flat=True)) == [NOON + timedelta(days=15)]
    assert SnapshotRun.objects.count() == 1
    assert list(summed(DAY).values()) == [30, 1]


def test_after_a_long_silence_nothing_goes_before_it_is_stored():
    """A worker that was away for a month begins by storing, not by deleting."""
    keep(NOON, {HIT: hits(1)})
    store.rollup(NOON, UTC)
    assert store.expire(NOON + timedelta(days=30)) == 0


@pytest.mark.django_db(transaction=True)
def test_storing_and_summing_at_once_ends_with_the_truth():
    """Two that store and two that sum, on the same quarters."""

    def stores(life):
        for n in range(20):
            keep(NOON + n * MINUTE, {HIT: hits(2)}, life)

    def sums():
        for _ in range(10):
            store.rollup(NOON, UTC)

    run_together([lambda: stores("a"), lambda: stores("b"), sums, sums])
    store.rollup(NOON, UTC)
    assert [sum(summed(grain).values()) for grain in (QUARTER, HOUR, DAY)] == [80, 80, 80]


def run_together(works):
    """Run each in a thread with a connection of its own; raises what one of them raised."""
    failures = []

    def run(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.slow
def test_a_year_of_minutes_sums_to_itself_in_every_grain():
    """Over both changes of the clocks, and the 95th percentile stays within 5 %."""
    random_ = random.Random(9)  # the same year each time
    start = stretch(DAY, datetime(2026, 1, 1, 12, tzinfo=UTC), BERLIN).start
    times = year(start, random_)
    store.rollup(start, BERLIN)
    for grain in (QUARTER, HOUR, DAY):
        assert spans_of(grain) == directly(grain)
    days = Span.objects.filter(grain=DAY).order_by("start")
    lengths = [(d.end - d.start) // timedelta(hours=1) for d in days]
    assert (len(days), lengths.count(23), lengths.count(25)) == (365, 1, 1)
    total = merged(
        tally_of(v)[1] for v in SpanTally.objects.filter(grain=DAY).values_list(*COLUMNS)
    )
    exact = sorted(times)[int(0.95 * len(times))]
    assert total.quantile(0.95) == pytest.approx(exact, rel=0.05)


def year(start, random_):
    """Fill a year: every nineteenth minute is known and holds a few reads; all their times."""
    times, rows, known, quarters = [], [], [], set()
    for n in range(0, 365 * 1440, 19):
        minute = start + n * MINUTE
        tally = Tally()
        for _ in range(random_.randrange(1, 4)):
            times.append(random_.lognormvariate(-5, 1.5))
            tally.add(times[-1], 1000)
        key = Key("asked", f"api.t{n % 3}", "read", random_.choice(["hit", "miss"]))
        values = {name: getattr(tally, name) for name in COLUMNS[6:]}
        rows.append(MinuteTally(minute=minute, ledger="life", **key._asdict(), **values))
        known.append(SnapshotRun(minute=minute, ran_at=minute, keys=1))
        quarters.add(stretch(QUARTER, minute, UTC))
    MinuteTally.objects.bulk_create(rows, batch_size=5000)
    SnapshotRun.objects.bulk_create(known, batch_size=5000)
    Span.objects.bulk_create(Span(grain=QUARTER, start=q.start, end=q.end) for q in quarters)
    return times


def spans_of(grain):
    """What is stored: (start, relation, outcome) → count, nanoseconds, bytes."""
    rows = SpanTally.objects.filter(grain=grain)
    return {(r.start, r.relation, r.outcome): (r.count, r.nanoseconds, r.received) for r in rows}


def directly(grain):
    """The same, straight from the minutes."""
    found = {}
    for r in MinuteTally.objects.iterator():
        key = (stretch(grain, r.minute, BERLIN).start, r.relation, r.outcome)
        n, ns, received = found.get(key, (0, 0, 0))
        found[key] = (n + r.count, ns + r.nanoseconds, received + r.received)
    return found
