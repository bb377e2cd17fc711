"""Facts become deltas in this process's memory, and the deltas are carried to the ledger.

`record` is on the hot path of every request: it takes one uncontended lock, adds to one tally, and
does no I/O. It may be called from any thread and from any event loop. A delta that could not be
delivered is kept and sent again under the same sequence number, which the ledger counts once.
"""

import logging
import threading
import time
from collections.abc import Callable

import redis
import redis.asyncio

from optimizer.domain.facts import CacheFault, CacheRead, Fact, HitsCounted
from optimizer.domain.tally import OTHER, Step, Tally
from optimizer.errors import CacheUnavailable
from optimizer.metrics import ledger
from optimizer.metrics.codec import Cells
from optimizer.metrics.folds import FOLDS
from optimizer.metrics.ledger import Batch, Held
from optimizer.metrics.noted import Noted

log = logging.getLogger(__name__)

MAX_CELLS = 20_000  # kept while the ledger is away; about 20 MB
MAX_RELATIONS = 200  # told apart by one process; the rest is counted together
MAX_NAME = 160  # characters; PostgreSQL's names are shorter, with their schema too

Gauges = Callable[[], Held]


class Recorder:
    """Adds up what one process did; bounded, thread-safe, and it never raises."""

    def __init__(self, process: str, clock: Callable[[], float] = time.time) -> None:
        """Begin at nothing; `process` must be unique to this process and start."""
        self.process = process
        self.clock = clock
        self._lock = threading.Lock()
        self._minute = 0  # the one that is being counted; read and written under the lock
        self._cells: Cells = {}
        self._relations: set[str] = set()
        self._noted = Noted()
        self._sequence = self._facts = self._lost = 0
        self._pending: Batch | None = None

    def record(self, fact: Fact) -> None:
        """Count a fact in the minute in which it happened."""
        if type(fact) is HitsCounted:
            self._record_hits(fact)
            return
        fold = FOLDS.get(type(fact))
        now = int(self.clock())
        with self._lock:
            if fold is None:
                self._lost += 1
                return
            self._minute = now // 60 * 60
            self._facts += 1
            fold(self._cell, fact)
            if type(fact) is CacheRead and fact.shape:
                self._noted.add(fact, now)

    def _record_hits(self, fact: HitsCounted) -> None:
        with self._lock:
            self._minute = fact.minute
            self._facts += fact.tally.count
            FOLDS[HitsCounted](self._cell, fact)
            if fact.shape:
                self._noted.add_hits(fact)

    def _cell(
        self,
        step: str,
        relation: str,
        operation: str = "",
        outcome: str = "",
        reason: str = "",
        tier: str = "",
        *,
        known: bool = True,
    ) -> Tally:
        key = (self._minute, step, relation, operation, outcome, reason, tier)
        found = self._cells.get(key)
        if found is None:
            relation = self._capped(relation, known)
            found = self._new_cell((self._minute, step, relation, *key[3:]))
        return found

    def _new_cell(self, key: tuple[int, str, str, str, str, str, str]) -> Tally:
        if len(self._cells) >= MAX_CELLS and key not in self._cells:
            self._lost += 1
            return Tally()  # added to and forgotten; the loss itself is counted
        return self._cells.setdefault(key, Tally())

    def _capped(self, relation: str, known: bool) -> str:
        """The name to count under; names that only failed get half of the places."""
        if relation in self._relations:
            return relation
        places = MAX_RELATIONS if known else MAX_RELATIONS // 2
        if len(self._relations) >= places or not _is_a_name(relation):
            return OTHER
        self._relations.add(relation)
        return relation

    @property
    def owes(self) -> bool:
        """Whether a batch was taken that is not settled: it may or may not have arrived."""
        return self._pending is not None

    @property
    def holds(self) -> bool:
        """Whether anything was counted that is not settled."""
        return self.owes or bool(self._cells) or self._lost > 0

    def take(self) -> Batch | None:
        """The deltas to deliver: those not yet settled again, else all since the last time."""
        with self._lock:
            if self._pending is None:
                self._pending = self._next_batch()
            return self._pending

    def _next_batch(self) -> Batch | None:
        if self._lost:
            minute = int(self.clock()) // 60 * 60
            lost = (minute, str(Step.FAULT), "", "", "lost", "", "")
            self._cells.setdefault(lost, Tally()).count += self._lost
        if not self._cells:
            return None
        self._sequence += 1
        cells, facts, noted = self._cells, self._facts, self._noted.taken()
        self._cells, self._facts, self._lost, self._noted = {}, 0, 0, Noted()
        return Batch(self.process, self._sequence, cells, facts, noted)

    def settle(self, batch: Batch) -> None:
        """The ledger has this batch; forget it."""
        with self._lock:
            if self._pending is batch:
                self._pending = None


def _is_a_name(relation: str) -> bool:
    """Whether it can be a relation's name; a request may name anything at all."""
    return len(relation) <= MAX_NAME and relation.isprintable()


async def flush(
    recorder: Recorder,
    client: "redis.asyncio.Redis",
    gauges: Gauges | None = None,
    *,
    leaving: bool = False,
) -> None:
    """Deliver what was not delivered before, then what has come since."""
    for _ in range(2 if recorder.owes else 1):
        report = _report(recorder, gauges, leaving)
        await ledger.post(client, report)
        if report.batch is not None:
            recorder.settle(report.batch)


def flush_blocking(
    recorder: Recorder, client: redis.Redis, gauges: Gauges | None = None, *, leaving: bool = False
) -> None:
    """Like `flush`, for a process without an event loop."""
    for _ in range(2 if recorder.owes else 1):
        report = _report(recorder, gauges, leaving)
        ledger.post_blocking(client, report)
        if report.batch is not None:
            recorder.settle(report.batch)


def _report(recorder: Recorder, gauges: Gauges | None, leaving: bool) -> ledger.Report:
    held = gauges() if gauges else None
    return ledger.Report(recorder.process, recorder.clock(), recorder.take(), held, leaving)


async def flush_now(
    recorder: Recorder,
    client: "redis.asyncio.Redis",
    gauges: Gauges | None = None,
    *,
    leaving: bool = False,
) -> bool:
    """Try to deliver; False where the ledger is away and the deltas are kept.

    `leaving` says goodbye: a process that ends without it is counted as vanished.
    """
    try:
        await flush(recorder, client, gauges, leaving=leaving)
    except CacheUnavailable as error:
        log.warning("metrics are kept until the ledger answers: %s", error)
        recorder.record(CacheFault("report"))
        return False
    return True
