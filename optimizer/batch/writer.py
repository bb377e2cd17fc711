"""Writing many rows in few calls, with an outcome for each row: a list at once, or a stream."""

import logging
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from optimizer.batch.changing import Deleting, Updating
from optimizer.batch.checks import require_distinct, require_room
from optimizer.batch.inserting import Inserting, Upserting
from optimizer.batch.requests import Send, Target
from optimizer.batch.run import Hear, Progress, Run
from optimizer.batch.windows import Item, Refusal, windows
from optimizer.batch.work import Job
from optimizer.domain.chunks import BatchResult, Entry, Limits, RowOutcome, RowStatus
from optimizer.domain.facts import BatchFlushed, Emit, Operation

logger = logging.getLogger("optimizer.batch")

Rows = Iterable[Any] | AsyncIterable[Any]
__all__ = ["BatchWriter", "Deleting", "Inserting", "Kind", "Updating", "Upserting"]


class Kind(Protocol):
    """What is done to the rows: see `inserting` and `changing`."""

    @property
    def operation(self) -> Operation: ...
    @property
    def distinct(self) -> bool: ...
    def entry(self, index: int, row: Any) -> Entry: ...
    def jobs(self, entries: Sequence[Entry]) -> Iterable[Job]: ...


@dataclass(slots=True)
class BatchWriter:
    """Writes rows of one table; `send` sends one request and returns its answer.

    Partial success is normal and no exception: one bad row costs no other row its place.
    """

    send: Send
    target: Target
    limits: Limits
    emit: Emit
    hear: Hear | None = None
    stopped: bool = field(default=False, init=False)  # by what no other row could have cured

    def entries(self, kind: Kind, rows: Iterable[Any]) -> list[Entry]:
        """Take rows in, before anything is sent: raises BatchError for what could not be."""
        made = [kind.entry(index, row) for index, row in enumerate(rows)]
        require_room(len(made), self.limits.total)
        if kind.distinct:
            require_distinct(made)
        return made

    async def write(self, kind: Kind, rows: Iterable[Any]) -> BatchResult:
        """Write a list; one outcome for each row, in their order. Raises BatchError as above."""
        return await self.carry_out(kind, self.entries(kind, rows))

    async def carry_out(self, kind: Kind, entries: Sequence[Entry]) -> BatchResult:
        """Write rows that were taken in before."""
        start = time.perf_counter()
        run = self._run(len(entries))
        try:
            await run.carry_out(kind.jobs(entries))
            outcomes = run.take_outcomes(range(len(entries)))
        finally:  # of a cancelled one, the rows whose outcome stands
            seconds = time.perf_counter() - start
            self._tell(kind, run, seconds)
        self.stopped = run.stopped
        return run.result(outcomes, seconds)

    async def stream(self, kind: Kind, rows: Rows) -> AsyncIterator[RowOutcome]:
        """Write rows as they come; outcomes in their order, and as few rows held as may be.

        A row that cannot be sent is `failed`. After what no other row could cure, the rest is taken
        in and not attempted.
        """
        start = time.perf_counter()
        run = self._run(None)
        try:
            async for window in windows(kind.entry, rows, self.limits):
                outcomes = await _written(run, kind, window)
                window.clear()
                while outcomes:
                    yield outcomes.popleft()
        finally:
            self._tell(kind, run, time.perf_counter() - start)

    def _run(self, total: int | None) -> Run:
        def hear(run: Run) -> None:
            if self.hear is not None:
                self.hear(Progress(run.settled, run.done, total, run.calls))
            logger.debug("Batch of %s: %d rows settled", self.target.relation, run.settled)

        return Run(self.send, self.limits, hear)

    def _tell(self, kind: Kind, run: Run, seconds: float) -> None:
        relation, operation = self.target.relation, kind.operation
        undone = {str(how): n for how, n in sorted(run.ended.items()) if how is not RowStatus.DONE}
        numbers = run.settled, run.settled - run.done, run.calls, seconds
        sizes = run.sent_bytes, run.received_bytes
        self.emit(BatchFlushed(relation, operation, *numbers, *sizes, undone))
        logger.info(
            "Batch %s of %s: %d of %d rows done, %d calls, %.0f ms",
            operation, relation, run.done, run.settled, run.calls, seconds * 1000,
        )  # fmt: skip


async def _written(run: Run, kind: Kind, window: Sequence[Item]) -> deque[RowOutcome]:
    """Write one window of a stream."""
    run.note(item.outcome for item in window if isinstance(item, Refusal))
    if not run.stopped:
        await run.carry_out(kind.jobs([item for item in window if isinstance(item, Entry)]))
    return deque(run.take_outcomes(item.index for item in window))
