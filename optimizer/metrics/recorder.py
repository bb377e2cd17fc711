"""Facts become deltas in this process's memory, and the deltas are carried to the ledger.

`record` is on the hot path of every request: it takes one uncontended lock, adds to one tally, and
does no I/O. It may be called from any thread and from any event loop. A delta that could not be
delivered is kept and sent again under the same sequence number, which the ledger counts once.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio

from optimizer.domain.facts import (
    BatchFlushed,
    CacheFault,
    CacheRead,
    ChangeMade,
    Fact,
    HitsCounted,
    LeaseTaken,
    Operation,
    ReadOutcome,
    Touched,
    UpstreamCall,
)
from optimizer.domain.tally import OTHER, Step, Tally
from optimizer.errors import CacheUnavailable
from optimizer.metrics import ledger
from optimizer.metrics.ledger import Batch, Cells, Held

log = logging.getLogger(__name__)

MAX_CELLS = 20_000  # kept while the ledger is away; about 20 MB
MAX_RELATIONS = 200  # told apart by one process; the rest is counted together

Gauges = Callable[[], Held]


class Recorder:
    """Adds up what one process did; bounded, thread-safe, and it never raises."""

    def __init__(self, process: str, clock: Callable[[], float] = time.time) -> None:
        """Begin at nothing; `process` must be unique to this process and start."""
        self.process = process
        self.clock = clock
        self._lock = threading.Lock()
        self._cells: Cells = {}
        self._relations: set[str] = set()
        self._sequence = 0
        self._pending: Batch | None = None
        self._lost = 0

    def record(self, fact: Fact) -> None:
        """Count a fact in the minute in which it happened."""
        fold = _FOLDS.get(type(fact))
        minute = int(self.clock()) // 60 * 60
        with self._lock:
            if fold is None:
                self._lost += 1
            else:
                fold(self, minute, fact)

    def cell(
        self, minute: int, step: str, relation: str, operation: str = "", outcome: str = ""
    ) -> Tally:
        """The tally of one key of one minute; the caller holds the lock."""
        found = self._cells.get((minute, step, relation, operation, outcome))
        return found or self._new_cell(minute, step, relation, operation, outcome)

    def _new_cell(self, minute: int, step: str, relation: str, *rest: str) -> Tally:
        relation = self._capped(relation)
        key = (minute, step, relation, *rest)
        if len(self._cells) >= MAX_CELLS and key not in self._cells:
            self._lost += 1
            return Tally()  # added to and forgotten; the loss itself is counted
        return self._cells.setdefault(key, Tally())  # type: ignore[arg-type]

    def _capped(self, relation: str) -> str:
        if relation in self._relations:
            return relation
        if len(self._relations) >= MAX_RELATIONS:
            return OTHER
        self._relations.add(relation)
        return relation

    def take(self) -> Batch | None:
        """The deltas to deliver: those not yet settled again, else all since the last time."""
        with self._lock:
            if self._pending is None:
                self._pending = self._next_batch()
            return self._pending

    def _next_batch(self) -> Batch | None:
        if self._lost:
            minute = int(self.clock()) // 60 * 60
            self._cells.setdefault(
                (minute, Step.FAULT, "", "", "lost"), Tally()
            ).count += self._lost
        if not self._cells:
            return None
        self._sequence += 1
        cells, self._cells, self._lost = self._cells, {}, 0
        return Batch(self.process, self._sequence, cells)

    def settle(self, batch: Batch) -> None:
        """The ledger has this batch; forget it."""
        with self._lock:
            if self._pending is batch:
                self._pending = None


def _read(recorder: Recorder, minute: int, fact: CacheRead) -> None:
    cell = recorder.cell(minute, _ASKED, fact.relation, _READ, fact.outcome)
    cell.add(fact.seconds, fact.body_bytes)


def _hits(recorder: Recorder, _minute: int, fact: HitsCounted) -> None:
    recorder.cell(fact.minute, _ASKED, fact.relation, _READ, _HIT).merge(fact.tally)


def _change(recorder: Recorder, minute: int, fact: ChangeMade) -> None:
    outcome = status_class(fact.status)
    recorder.cell(minute, _ASKED, fact.relation, fact.operation, outcome).add(fact.seconds)
    if not fact.fenced:
        recorder.cell(minute, _FAULT, fact.relation, fact.operation, "unfenced").add(0)


def _call(recorder: Recorder, minute: int, fact: UpstreamCall) -> None:
    outcome = status_class(fact.status)
    cell = recorder.cell(minute, _SENT, fact.relation, fact.operation, outcome)
    cell.add(fact.seconds, fact.received_bytes, fact.sent_bytes)


def _lease(recorder: Recorder, minute: int, fact: LeaseTaken) -> None:
    outcome = "reused" if fact.reused else "made"
    recorder.cell(minute, _LENT, "", "", outcome).add(fact.waited)


def _batch(recorder: Recorder, minute: int, fact: BatchFlushed) -> None:
    outcome = "partial" if fact.failed else "ok"
    cell = recorder.cell(minute, _BATCHED, fact.relation, fact.operation, outcome)
    cell.add(fact.seconds)
    cell.rows += fact.rows
    cell.failed += fact.failed
    cell.calls += fact.calls


def _fault(recorder: Recorder, minute: int, fact: CacheFault) -> None:
    recorder.cell(minute, _FAULT, "", "", fact.step).add(0)


def status_class(status: int) -> str:
    """What became of a call, from its HTTP status; 0 means that no answer came."""
    if status == 0:
        return "unknown"
    return "ok" if status < 400 else "refused" if status < 500 else "error"


def _touched(recorder: Recorder, minute: int, fact: Touched) -> None:
    for tag in fact.tags:
        recorder.cell(minute, _TOUCHED, tag, "", "by hand").add(0)


_FOLDS: dict[type, Callable[[Recorder, int, Any], None]] = {
    CacheRead: _read,
    HitsCounted: _hits,
    ChangeMade: _change,
    UpstreamCall: _call,
    LeaseTaken: _lease,
    BatchFlushed: _batch,
    CacheFault: _fault,
    Touched: _touched,
}
# Looked up on the hot path: a module's name is found faster than an enum's member.
_ASKED, _SENT, _LENT, _BATCHED, _FAULT, _TOUCHED = (str(step) for step in Step)
_READ = str(Operation.READ)
_HIT = str(ReadOutcome.HIT)


async def flush(
    recorder: Recorder, client: "redis.asyncio.Redis", gauges: Gauges | None = None
) -> None:
    """Deliver what was not delivered before, then what has come since."""
    for _ in range(2):
        report = _report(recorder, gauges)
        await ledger.post(client, report)
        if report.batch is None:
            return
        recorder.settle(report.batch)


def flush_blocking(recorder: Recorder, client: redis.Redis, gauges: Gauges | None = None) -> None:
    """Like `flush`, for a process without an event loop."""
    for _ in range(2):
        report = _report(recorder, gauges)
        ledger.post_blocking(client, report)
        if report.batch is None:
            return
        recorder.settle(report.batch)


def _report(recorder: Recorder, gauges: Gauges | None) -> ledger.Report:
    held = gauges() if gauges else None
    return ledger.Report(recorder.process, recorder.clock(), recorder.take(), held)


async def flush_now(
    recorder: Recorder, client: "redis.asyncio.Redis", gauges: Gauges | None = None
) -> bool:
    """Try to deliver; False where the ledger is away and the deltas are kept."""
    try:
        await flush(recorder, client, gauges)
    except CacheUnavailable as error:
        log.warning("metrics are kept until the ledger answers: %s", error)
        recorder.record(CacheFault("report"))
        return False
    return True
