"""The recorder: it counts everything once, in bounded memory, and keeps what was not delivered."""

import threading

import pytest

from optimizer.domain.facts import (
    AttemptRepeated,
    BatchFlushed,
    CacheFault,
    CacheRead,
    CallRepeated,
    CallUnsent,
    ChangeMade,
    CircuitMoved,
    LeaseTaken,
    LoadShed,
    MissReason,
    Operation,
    ReadOutcome,
    Tier,
    UpstreamCall,
)
from optimizer.metrics import ledger
from optimizer.metrics import recorder as module
from optimizer.metrics.folds import status_class
from optimizer.metrics.recorder import Recorder, flush_blocking
from tests.metrics.factories import NOON, call, read

MINUTE = int(NOON.timestamp())


def counts(recorder):
    """What would be delivered, in short."""
    batch = recorder.take()
    return {key[1:5]: tally.count for key, tally in batch.cells.items()} if batch else {}


def test_each_fact_is_counted_under_what_it_says(recorder):
    """Reads and writes are asked, calls are sent, leases lent, batches done, faults told."""
    for fact in (
        read(),
        read(ReadOutcome.MISS),
        call(),
        call(status=503),
        ChangeMade("api.contacts", Operation.INSERT, 201, 0.03, fenced=False),
        LeaseTaken(reused=True, waited=0.0),
        BatchFlushed("api.contacts", Operation.INSERT, 100, 3, 4, 0.2),
        CacheFault("fill"),
        AttemptRepeated("broken off", 0.1),
        CircuitMoved("open"),
        LoadShed("line full"),
        CallUnsent("api.contacts", Operation.READ, "line full"),
    ):
        recorder.record(fact)
    assert counts(recorder) == {
        ("asked", "api.contacts", "read", "hit"): 1,
        ("asked", "api.contacts", "read", "miss"): 1,
        ("sent", "api.contacts", "read", "ok"): 1,
        ("sent", "api.contacts", "read", "error"): 1,
        ("asked", "api.contacts", "insert", "ok"): 1,
        ("fault", "api.contacts", "insert", "unfenced"): 1,
        ("lent", "", "", "reused"): 1,
        ("batched", "api.contacts", "insert", "partial"): 1,
        ("fault", "", "", "fill"): 1,
        ("fault", "", "", "repeated: broken off"): 1,
        ("fault", "", "", "circuit open"): 1,
        ("fault", "", "", "shed: line full"): 1,
        ("unsent", "api.contacts", "read", "line full"): 1,
    }


def test_each_attempt_that_left_is_a_call(recorder):
    """Supabase counts them all; one that did not leave is none."""
    recorder.record(AttemptRepeated("503", 0.1))
    recorder.record(CallRepeated())
    recorder.record(AttemptRepeated("not sent", 0.1))
    recorder.record(call())
    found = counts(recorder)
    assert sum(n for (step, *_), n in found.items() if step == "sent") == 2
    assert found["sent", "", "", "repeated"] == 1


def test_a_batch_keeps_rows_failures_and_calls(recorder):
    """A batch of 100 rows in 4 calls with 3 refused is just that."""
    recorder.record(BatchFlushed("api.contacts", Operation.INSERT, 100, 3, 4, 0.2))
    (tally,) = recorder.take().cells.values()
    assert (tally.count, tally.rows, tally.failed, tally.calls) == (1, 100, 3, 4)


def test_a_fact_belongs_to_the_minute_in_which_it_happened(recorder, clock):
    """Two reads on both sides of a minute's end are told apart."""
    clock.now += 59.9
    recorder.record(read())
    clock.now += 0.2
    recorder.record(read())
    assert [key[0] for key in recorder.take().cells] == [MINUTE, MINUTE + 60]


def test_what_was_not_delivered_is_offered_again_unchanged(recorder):
    """New facts never join a batch that the ledger may have counted already."""
    recorder.record(read())
    first = recorder.take()
    recorder.record(read())
    assert recorder.take() is first
    assert counts(recorder) == {("asked", "api.contacts", "read", "hit"): 1}


def test_what_was_delivered_is_not_offered_again(recorder):
    """After settling, only news are left, under the next sequence."""
    recorder.record(read())
    first = recorder.take()
    recorder.settle(first)
    assert recorder.take() is None
    recorder.record(read())
    assert recorder.take().sequence == first.sequence + 1


def test_threads_lose_nothing(recorder):
    """Eight threads that count at once, while another takes, count every fact."""
    taken = []

    def work():
        for _ in range(5000):
            recorder.record(read())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken.append(take_and_settle(recorder))
    taken.append(take_and_settle(recorder))
    assert sum(taken) == 40_000


def take_and_settle(recorder):
    """How many facts one delivery holds."""
    batch = recorder.take()
    if batch is None:
        return 0
    recorder.settle(batch)
    return sum(tally.count for tally in batch.cells.values())


def test_relations_beyond_the_cap_are_counted_together(recorder, monkeypatch):
    """Someone who asks for a thousand invented tables does not fill the memory."""
    monkeypatch.setattr(module, "MAX_RELATIONS", 2)
    for name in ("a", "b", "c", "d", "a"):
        recorder.record(read(relation=name))
    relations = {key[1]: n for key, n in counts(recorder).items()}
    assert relations == {"a": 2, "b": 1, "__other__": 2}


def test_names_that_only_failed_leave_room_for_those_that_exist(recorder, monkeypatch):
    """Whoever invents tables is counted together before the real ones are."""
    monkeypatch.setattr(module, "MAX_RELATIONS", 4)
    for n in range(9):
        recorder.record(read(ReadOutcome.ERROR, f"invented{n}"))
    for name in ("a", "b"):
        recorder.record(read(relation=name))
    relations = {key[1]: n for key, n in counts(recorder).items()}
    assert relations == {"invented0": 1, "invented1": 1, "__other__": 7, "a": 1, "b": 1}


@pytest.mark.parametrize("name", ["a\x1fb", "a\x00", "a\nb", "x" * 500, "a\udc80"])
def test_what_can_be_no_name_is_not_kept_as_one(recorder, valkey, name):
    """A request may name anything; the ledger and the database must still take it."""
    recorder.record(read(relation=name))
    flush_blocking(recorder, valkey)
    assert [key.relation for key in ledger.read_totals_blocking(valkey).tallies] == ["__other__"]


def test_reason_and_tier_are_told_apart(recorder):
    """So are calls that the engine made for itself."""
    upstream = (Tier.UPSTREAM, MissReason.EXPIRED)
    recorder.record(CacheRead("api.a", ReadOutcome.MISS, *upstream, 0.1, 5))
    recorder.record(CacheRead("api.a", ReadOutcome.HIT, Tier.L2, None, 0.1, 5))
    recorder.record(UpstreamCall("api.a", Operation.READ, 200, 0.1, 1, 5, added=True))
    assert {key[4:] for key in recorder.take().cells} == {
        ("miss", "expired", "upstream"),
        ("hit", "", "l2"),
        ("ok", "added", ""),
    }


def test_memory_is_bounded_and_the_loss_is_counted(recorder, clock, monkeypatch):
    """With the ledger away for long, the oldest minutes stay, and what is lost is told."""
    monkeypatch.setattr(module, "MAX_CELLS", 3)
    for _ in range(5):
        recorder.record(read())
        clock.now += 60
    cells = recorder.take().cells
    assert [key[0] for key in cells][:3] == [MINUTE, MINUTE + 60, MINUTE + 120]
    assert cells[MINUTE + 300, "fault", "", "", "lost", "", ""].count == 2
    assert len(cells) == 4


def test_something_that_is_no_fact_is_a_counted_loss_and_no_exception(recorder):
    """The hot path never fails because of its own bookkeeping."""
    recorder.record("nonsense")
    assert counts(recorder) == {("fault", "", "", "lost"): 1}


@pytest.mark.parametrize(
    ("status", "name"),
    [(0, "unknown"), (200, "ok"), (304, "ok"), (404, "refused"), (409, "refused"), (520, "error")],
)
def test_a_status_tells_what_became_of_a_call(status, name):
    """No answer, success, refusal and failure are four things."""
    assert status_class(status) == name


def test_recorders_of_two_processes_share_nothing(clock):
    """Each has its own counts and its own sequence."""
    one, two = Recorder("one", clock), Recorder("two", clock)
    one.record(read())
    assert two.take() is None
