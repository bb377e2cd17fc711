"""The ledger: every delivery counts once, however often, late or out of order it comes."""

import pytest
import redis
import redis.asyncio

from optimizer.domain.facts import ReadOutcome
from optimizer.domain.tally import OTHER, Key
from optimizer.errors import CacheUnavailable
from optimizer.metrics import ledger, scripts
from optimizer.metrics.codec import added_up
from optimizer.metrics.ledger import PoolGauges, Report
from optimizer.metrics.recorder import Recorder, flush, flush_blocking, flush_now
from tests.metrics.factories import NOON, call, read

HIT = Key("asked", "api.contacts", "read", "hit", "", "l1")
MINUTE = int(NOON.timestamp())


def deliver(client, batch, at=MINUTE):
    """Send one batch, whatever was sent before."""
    ledger.post_blocking(client, Report(batch.process, at, batch, None))


def minute_of(client, minute=MINUTE):
    """What all lives of the ledger counted in a minute."""
    ids = ledger.ledger_ids(client)
    return added_up(ledger.read_minute(client, id_, minute) for id_ in ids)


def forget(client, minute):
    """Forget the minutes before this one; how many went."""
    ids = ledger.ledger_ids(client)
    return sum(ledger.forget_before(client, id_, minute) for id_ in ids)


async def test_totals_are_what_was_recorded(recorder, async_valkey):
    """Counts, times, bytes and buckets come back equal."""
    recorder.record(read(seconds=0.25))
    recorder.record(call())
    cells = recorder.take().cells
    await flush(recorder, async_valkey)
    totals = await ledger.read_totals(async_valkey)
    assert totals.tallies == {Key(*key[1:]): tally for key, tally in cells.items()}


async def test_two_processes_are_summed(clock, async_valkey):
    """The totals are those of all processes."""
    for name in ("one", "two"):
        process = Recorder(name, clock)
        process.record(read())
        await flush(process, async_valkey)
    totals = await ledger.read_totals(async_valkey)
    assert totals.tallies[HIT].count == 2


def test_a_repeated_delivery_counts_once(recorder, valkey):
    """An answer that got lost makes the process send again; that changes nothing."""
    recorder.record(read())
    batch = recorder.take()
    deliver(valkey, batch)
    deliver(valkey, batch)
    assert minute_of(valkey)[HIT].count == 1


def test_deliveries_out_of_order_all_count(recorder, valkey):
    """A delayed batch counts after a later one has come, and still only once."""
    batches = []
    for _ in range(3):
        recorder.record(read())
        batches.append(recorder.take())
        recorder.settle(batches[-1])
    for batch in (batches[2], batches[0], batches[1], batches[0], batches[2]):
        deliver(valkey, batch)
    assert minute_of(valkey)[HIT].count == 3


def test_an_answer_lost_on_the_way_back_does_not_double_the_count(recorder, valkey):
    """The process cannot know that its delivery arrived; it sends again, and the sum is right."""
    recorder.record(read())
    deliver(valkey, recorder.take())  # arrived, but the process never heard so
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert minute_of(valkey)[HIT].count == 2


async def test_what_could_not_be_delivered_is_delivered_later(recorder, async_valkey):
    """With the ledger away nothing raises, nothing is lost, and the delay itself is counted."""
    away = redis.asyncio.Redis(port=1)
    recorder.record(read())
    assert not await flush_now(recorder, away)
    recorder.record(read())
    assert await flush_now(recorder, async_valkey)
    totals = await ledger.read_totals(async_valkey)
    assert totals.tallies[HIT].count == 2
    assert totals.tallies[Key("fault", "", "", "report")].count == 1
    await away.aclose()


@pytest.mark.thorough
def test_a_ledger_that_is_away_has_one_name(recorder):
    """Callers meet the project's own error, which says what is wrong."""
    recorder.record(read())
    with pytest.raises(CacheUnavailable, match="cannot be reached"):
        flush_blocking(recorder, redis.Redis(port=1))


async def test_gauges_are_those_of_living_processes(clock, async_valkey, monkeypatch):
    """A process that no longer reports disappears from the sums."""
    await flush(Recorder("alive", clock), async_valkey, lambda: PoolGauges(5, 2, 3))
    monkeypatch.setattr(ledger, "GAUGE_SECONDS", -1)
    await flush(Recorder("dead", clock), async_valkey, lambda: PoolGauges(9, 9, 0))
    totals = await ledger.read_totals(async_valkey)
    assert totals.gauges == [PoolGauges(5, 2, 3)]


def test_a_process_that_goes_without_a_goodbye_is_counted_with_what_it_may_have_lost(
    clock, valkey, monkeypatch
):
    """As vanished, once, and its last interval is the estimate."""
    monkeypatch.setattr(ledger, "GAUGE_SECONDS", -1)
    for name, leaving in (("killed", False), ("ended", True)):
        process = Recorder(name, clock)
        for _ in range(7):
            process.record(read())
        flush_blocking(process, valkey, lambda: PoolGauges(1, 0, 1), leaving=leaving)
    assert [ledger.reap(valkey, MINUTE) for _ in range(2)] == [1, 0]
    vanished = minute_of(valkey)[ledger.VANISHED]
    assert (vanished.count, vanished.rows) == (1, 7)
    assert ledger.read_totals_blocking(valkey).tallies[ledger.VANISHED].count == 1


def test_an_event_of_long_ago_counts_when_it_arrives(recorder, clock, valkey):
    """Its minute may be deleted already, where it would replace a sum by a part of it."""
    recorder.record(read())
    batch = recorder.take()
    later = MINUTE + ledger.OLDEST_SECONDS + 60
    deliver(valkey, batch, at=later)
    assert minute_of(valkey) == {}
    assert minute_of(valkey, later)[HIT].count == 1


def test_relations_are_capped_over_all_processes_and_restarts(clock, valkey):
    """Invented names get half of the places, those that exist the rest; the sum stays exact."""
    half = scripts.MAX_RELATIONS // 2
    for outcome in (ReadOutcome.ERROR, ReadOutcome.HIT):
        for process in range(half // 100 + 1):  # each tells a hundred others apart
            recorder = Recorder(f"{outcome}{process}", clock)
            for n in range(100):
                recorder.record(read(outcome, f"{outcome}.t{process}x{n}"))
            flush_blocking(recorder, valkey)
    counted = {}
    for key, tally in minute_of(valkey).items():
        place = (key.outcome, key.relation == OTHER)
        names, n = counted.get(place, (0, 0))
        counted[place] = names + 1, n + tally.count
    assert counted == {
        ("error", False): (half, half),
        ("error", True): (1, 100),
        ("hit", False): (half, half),
        ("hit", True): (1, 100),
    }


async def test_an_unused_ledger_has_counted_nothing_since_never(async_valkey):
    """Before the first report there is no "since"."""
    totals = await ledger.read_totals(async_valkey)
    assert (totals.since, totals.tallies, totals.gauges) == (None, {}, [])


async def test_since_stays_at_the_first_report(recorder, async_valkey):
    """Later reports do not move the beginning."""
    await flush(recorder, async_valkey)
    await async_valkey.set(ledger.PREFIX + "since", 1000)
    await flush(recorder, async_valkey)
    assert (await ledger.read_totals(async_valkey)).since == 1000.0


def test_large_sums_stay_exact(recorder, valkey):
    """Sums beyond what a double holds exactly are not rounded on the way."""
    recorder.record(read())
    batch = recorder.take()
    (tally,) = batch.cells.values()
    tally.nanoseconds = 2**62 + 1
    deliver(valkey, batch)
    assert minute_of(valkey)[HIT].nanoseconds == 2**62 + 1


def test_a_minute_that_grew_stays_open(recorder, valkey):
    """What arrives between reading and crossing off is stored by the next run."""
    recorder.record(read(ReadOutcome.HIT))
    flush_blocking(recorder, valkey)
    (before,) = ledger.open_minutes(valkey)
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert not ledger.close_minute(valkey, before)
    assert [open_.minute for open_ in ledger.open_minutes(valkey)] == [MINUTE]


def test_a_minute_that_is_not_stored_is_never_forgotten(recorder, valkey):
    """However old: as long as it is open it is kept."""
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert forget(valkey, MINUTE + 10 * 86400) == 0
    assert minute_of(valkey)[HIT].count == 1


def test_a_latecomer_to_a_forgotten_minute_counts_when_it_arrives(recorder, clock, valkey):
    """The forgotten minute's rows stay as they are, and the total is still exact."""
    recorder.record(read())
    late = recorder.take()
    early = Recorder("early", clock)
    early.record(read())
    flush_blocking(early, valkey)
    ledger.close_minute(valkey, *ledger.open_minutes(valkey))
    assert forget(valkey, MINUTE + 7200) == 1
    deliver(valkey, late, at=MINUTE + 7200)
    assert minute_of(valkey) == {}
    assert minute_of(valkey, MINUTE + 7200)[HIT].count == 1
