"""The snapshot: repeated, interrupted, doubled or late, the rows say what happened."""

import threading
from datetime import UTC, timedelta

import pytest
import redis
from django.db import connection

from optimizer.domain.facts import AttemptRepeated, CacheFault, CircuitMoved, LoadShed
from optimizer.domain.spans import DAY
from optimizer.domain.tally import Key, Tally
from optimizer.metrics import ledger, store
from optimizer.metrics.recorder import flush_blocking
from optimizer.models import MinuteTally, SnapshotRun, SpanTally
from tests.metrics.factories import NOON, read

pytestmark = pytest.mark.django_db
MINUTE = int(NOON.timestamp())
HIT = Key("asked", "api.contacts", "read", "hit", "", "l1")
LATER = NOON + timedelta(seconds=75)


def record(recorder, valkey, times=1):
    """Count some hits and deliver them."""
    for _ in range(times):
        recorder.record(read())
    flush_blocking(recorder, valkey)


def stored():
    """What the rows of the minute say."""
    return {row.outcome: row.count for row in MinuteTally.objects.filter(minute=NOON)}


def test_a_closed_minute_is_stored_as_it_was_counted(recorder, valkey):
    """Counts, times, bytes and buckets are all there."""
    record(recorder, valkey, 3)
    store.snapshot(valkey, LATER)
    row = MinuteTally.objects.get(minute=NOON)
    assert (row.step, row.relation, row.operation) == ("asked", "api.contacts", "read")
    assert (row.count, row.nanoseconds, row.received) == (3, 3_000_000, 1500)
    assert sum(row.buckets.values()) == 3


def test_a_minute_that_is_not_over_is_left_alone(recorder, valkey):
    """Half a minute is never shown as a whole one."""
    record(recorder, valkey)
    store.snapshot(valkey, NOON + timedelta(seconds=61))
    assert stored() == {}
    store.snapshot(valkey, NOON + timedelta(seconds=63))
    assert stored() == {"hit": 1}


def test_storing_again_changes_nothing(recorder, valkey):
    """Values are absolute: a second run does not add."""
    record(recorder, valkey, 2)
    store.snapshot(valkey, LATER)
    (life,) = ledger.ledger_ids(valkey)
    store.save(NOON, life, ledger.read_minute(valkey, life, MINUTE), LATER)
    store.snapshot(valkey, LATER)
    assert stored() == {"hit": 2}


def test_a_late_arrival_stores_its_minute_again(recorder, valkey):
    """A process that could not deliver in time is still counted in the right minute."""
    record(recorder, valkey)
    store.snapshot(valkey, LATER)
    record(recorder, valkey)
    store.snapshot(valkey, LATER + timedelta(minutes=5))
    assert stored() == {"hit": 2}


def test_what_a_clock_that_is_ahead_counted_is_stored_now(recorder, valkey):
    """By an hour, or by years: not when that time has come."""
    record(recorder, valkey, 2)
    for ahead in (timedelta(hours=1), timedelta(days=4000)):
        recorder.clock.now = (NOON + ahead).timestamp()
        record(recorder, valkey, 3)
    store.snapshot(valkey, NOON)
    store.snapshot(valkey, LATER)
    assert stored() == {"hit": 8}
    assert SnapshotRun.objects.latest("minute").minute == NOON
    assert ledger.read_totals_blocking(valkey).tallies[HIT].count == 8


def test_a_clock_that_is_a_little_ahead_is_believed(recorder, valkey):
    """Its minute is stored when it is over."""
    recorder.clock.now += 90
    record(recorder, valkey)
    store.snapshot(valkey, NOON)
    store.snapshot(valkey, NOON + timedelta(minutes=3))
    assert MinuteTally.objects.get(outcome="hit").minute == NOON + timedelta(minutes=1)


def test_a_clock_that_is_years_behind_does_not_replace_what_was_summed_then(recorder, valkey):
    """The minutes of that day are deleted: summed anew, one read would be all of it."""
    then = NOON - timedelta(days=1000)
    store.save(then, "life", {HIT: Tally(500)}, then)
    store.rollup(then, UTC)
    store.save(NOON, "life", {}, NOON)
    store.rollup(NOON, UTC)
    store.expire(NOON)
    recorder.clock.now = then.timestamp()
    record(recorder, valkey)
    store.snapshot(valkey, NOON)
    store.snapshot(valkey, LATER)
    store.rollup(LATER, UTC)
    days = SpanTally.objects.filter(grain=DAY, outcome="hit").order_by("start")
    assert list(days.values_list("count", flat=True)) == [500, 1]


def test_after_a_long_silence_what_was_counted_is_stored_where_it_happened(recorder, valkey):
    """The worker was away for weeks, and nothing of that time is deleted."""
    store.snapshot(valkey, NOON - timedelta(days=1))
    store.snapshot(valkey, NOON - timedelta(days=1) + timedelta(seconds=75))
    record(recorder, valkey, 2)
    store.snapshot(valkey, NOON + timedelta(days=40))
    assert stored() == {"hit": 2}


@pytest.mark.parametrize("step", ["save", "ledger.close_minute", "ledger.forget_before"])
def test_killed_between_two_steps_the_next_run_completes(recorder, valkey, monkeypatch, step):
    """Whatever was done when the task died, the next run ends with the right rows."""
    record(recorder, valkey, 4)
    with monkeypatch.context() as patch:
        patch.setattr(f"optimizer.metrics.store.minutes.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            store.snapshot(valkey, LATER)
    store.snapshot(valkey, LATER)
    assert stored() == {"hit": 4}
    assert MINUTE not in [open_.minute for open_ in ledger.open_minutes(valkey)]


def die(*_, **__):
    """End the task here, as a kill would."""
    raise KeyboardInterrupt


def test_an_older_reading_never_replaces_a_newer_one(recorder, valkey):
    """Two beats at once: the one that read first and writes last does no harm."""
    record(recorder, valkey)
    (life,) = ledger.ledger_ids(valkey)
    older = ledger.read_minute(valkey, life, MINUTE)
    record(recorder, valkey)
    store.snapshot(valkey, LATER)
    store.save(NOON, life, older, LATER)
    assert stored() == {"hit": 2}


@pytest.mark.django_db(transaction=True)
def test_two_snapshots_at_once_store_the_truth(recorder, valkey, fresh_valkey):
    """They may collide on every row; each minute ends up stored once."""
    minutes = [NOON - timedelta(minutes=n) for n in range(20)]
    for minute in minutes:
        recorder.clock.now = minute.timestamp()
        record(recorder, valkey, 2)
    failures = run_together(2, lambda: snapshot_with_own_client(fresh_valkey))
    assert failures == []
    assert list(MinuteTally.objects.values_list("count", flat=True)) == [2] * 20
    assert SnapshotRun.objects.count() == 20


def snapshot_with_own_client(url):
    """Run a snapshot as another process would."""
    try:
        with redis.Redis.from_url(url) as client:
            store.snapshot(client, LATER)
    finally:
        connection.close()


def run_together(times, work):
    """Call `work` in several threads that begin at the same moment; the exceptions."""
    barrier, failures = threading.Barrier(times), []

    def run():
        barrier.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_no_traffic_is_known_and_no_data_is_not(valkey):
    """Where a snapshot ran, an empty minute is a fact; where none ran, nothing is known."""
    store.snapshot(valkey, NOON)
    store.snapshot(valkey, NOON + timedelta(minutes=3))
    known = set(SnapshotRun.objects.values_list("minute", flat=True))
    assert known == {NOON}
    assert SnapshotRun.objects.get(minute=NOON).keys == 0


def test_what_is_long_stored_leaves_the_ledger_and_stays_in_the_rows(recorder, valkey):
    """Valkey's memory is bounded by hours, not by the age of the installation."""
    record(recorder, valkey)
    store.snapshot(valkey, LATER)
    done = store.snapshot(valkey, NOON + timedelta(hours=3))
    assert done.forgotten == 2  # noon, and the minute in which the snapshot ran
    (life,) = ledger.ledger_ids(valkey)
    assert ledger.read_minute(valkey, life, MINUTE) == {}
    assert stored() == {"hit": 1}


def test_ten_thousand_keys_are_stored_in_one_statement(django_assert_max_num_queries):
    """A busy minute costs a handful of statements, however many relations it has."""
    tallies = {
        Key("asked", f"t{n}", "read", "hit"): Tally(1, buckets={3: 1}) for n in range(10_000)
    }
    with django_assert_max_num_queries(10):
        store.save(NOON, "life", tallies, LATER)
    assert MinuteTally.objects.count() == 10_000


@pytest.mark.parametrize(
    "fact",
    [
        LoadShed("circuit open"),
        LoadShed("waited too long"),
        CircuitMoved("half-open"),
        AttemptRepeated("broken off", 0.1),
        CacheFault("follow"),
    ],
    ids=str,
)
def test_every_fault_is_stored_whatever_it_is_called(recorder, valkey, fact):
    """One that did not fit kept every later minute from being stored."""
    recorder.record(fact)
    flush_blocking(recorder, valkey)
    store.snapshot(valkey, LATER)
    store.keep_totals(valkey)
    assert list(stored().values()) == [1]
