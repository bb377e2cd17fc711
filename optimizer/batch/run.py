"""One batch under way: chunks are sent side by side, failing ones cut in two until the bad rows
stand alone, lost ones looked for until the upstream is back."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer.batch.judging import (
    Unreadable,
    error_of,
    is_away,
    is_hopeless,
    is_incurable,
    is_transient,
    is_unknown,
)
from optimizer.batch.requests import Request, Send
from optimizer.batch.work import Away, Job, Reading, Refused, outcome
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Limits, RowOutcome, RowStatus
from optimizer.errors import (
    CanvaloError,
    FenceUnavailable,
    PoolError,
    UpstreamError,
    UpstreamUnreachable,
)

_NOT_SENT = (UpstreamUnreachable, FenceUnavailable, PoolError)
_MOST_TRIES = 5  # of rows that were thrown back by what will pass
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # s between two looks at an upstream that is away


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: rows settled in one way or another, of how many, with how many calls."""

    settled: int
    done: int
    total: int | None  # None: of a stream it is not known
    calls: int


Hear = Callable[[Progress], None]


class Run:
    """Sends jobs and notes one outcome for each row."""

    def __init__(self, send: Send, limits: Limits, hear: Callable[["Run"], None]) -> None:
        self._send = send
        self._limits = limits
        self._hear = hear
        self._gate = asyncio.Semaphore(limits.side_by_side)
        self._outcomes: dict[int, RowOutcome] = {}
        self.stopped = False
        self.calls = self.sent_bytes = self.received_bytes = 0
        self.ended: Counter[RowStatus] = Counter()  # rows, by what became of them

    @property
    def settled(self) -> int:
        """Rows whose outcome stands."""
        return self.ended.total()

    @property
    def done(self) -> int:
        """Of these, those that are stored, changed or deleted."""
        return self.ended[RowStatus.DONE]

    async def carry_out(self, jobs: Iterable[Job]) -> None:
        """Send all jobs; nothing more is sent once all is known to fail.

        The first goes alone: what no other cut can cure shows there, at the cost of one call.
        """
        waiting = iter(jobs)
        if not self.calls and (first := next(waiting, None)) is not None:
            await self._attempt(first)
        await together([self._work_off(waiting) for _ in range(self._limits.side_by_side)])

    def take_outcomes(self, indexes: Iterable[int]) -> list[RowOutcome]:
        """Hand over the outcomes of these rows; those never sent are not attempted."""
        return [self._taken(index) for index in indexes]

    def note(self, outcomes: Iterable[RowOutcome]) -> None:
        """Keep outcomes, and tell how far it is."""
        for one in outcomes:
            self._outcomes[one.index] = one
            self.ended[one.status] += 1
        self._hear(self)

    def result(self, outcomes: Sequence[RowOutcome], seconds: float) -> BatchResult:
        """The outcomes with what they took."""
        return BatchResult(
            tuple(outcomes), self.calls, seconds, self.sent_bytes, self.received_bytes
        )

    async def _work_off(self, waiting: Iterator[Job]) -> None:
        while not self.stopped and (job := next(waiting, None)) is not None:
            await self._attempt(job)

    async def _attempt(self, job: Job) -> None:
        if job.lost:
            return await self._settle(job, {})
        if self.stopped:
            return None if not job.rounds else self._all(job, RowStatus.UNKNOWN, {})
        try:
            answer = await self._counted(job.work.request(job.chunk))
        except _NOT_SENT as error:
            await self._not_sent(job, {"message": str(error)})
        except UpstreamError as error:
            await self._settle(job, {"message": str(error)})
        else:
            await self._take(job, answer)
        return None

    async def _not_sent(self, job: Job, said: dict[str, Any]) -> None:
        """Nothing left: the batch ends, save for rows that were sent before and were lost."""
        if job.rounds:
            return await self._settle(job, said)
        self.stopped = True
        self._all(job, RowStatus.NOT_ATTEMPTED, said)
        return None

    async def _take(self, job: Job, answer: Answer) -> None:
        if answer.status < 300:
            await self._read(job, answer)
        elif is_unknown(answer):
            await self._settle(job, error_of(answer))
        elif is_transient(answer) and job.tries < _MOST_TRIES:
            await asyncio.sleep(_pause(job.tries))
            await self._attempt(replace(job, tries=job.tries + 1))
        elif others := job.work.another_way(job.chunk, answer):
            await self.carry_out(others)
        else:
            await self._cut(job, answer)

    async def _read(self, job: Job, answer: Answer) -> None:
        try:
            reading = job.work.read(job.chunk, answer)
        except Unreadable:
            await self._settle(job, {"message": "the answer holds no rows"})
        else:
            await self._follow(job, reading)

    async def _cut(self, job: Job, answer: Answer) -> None:
        """Search a refused chunk for the rows that are to blame."""
        if len(job.chunk) > 1 and not is_hopeless(answer):
            for half in job.chunk.halves():
                await self._attempt(job.on(half))
        else:
            self.stopped = self.stopped or is_hopeless(answer)
            self._all(job, RowStatus.FAILED, error_of(answer))

    async def _follow(self, job: Job, reading: Reading) -> None:
        self.note(reading.outcomes)
        if reading.rest is not None:
            await self._attempt(job.on(reading.rest, lost=reading.lost))

    async def _settle(self, job: Job, said: dict[str, Any]) -> None:
        """Find out what became of rows whose answer was lost, until the upstream is back.

        Without a key they stay unknown, for they are not sent again blindly.
        """
        job = self._looking(job)
        while job.work.can_settle(job.chunk) and not self._is_late(job):
            await asyncio.sleep(_pause(job.rounds - 1) if job.rounds else 0)
            job = replace(job, rounds=job.rounds + 1)
            try:
                reading = await job.work.settle(job.chunk, self._ask)
            except (Away, Unreadable):
                continue
            except Refused as refusal:
                return await self._give_up(job, refusal.answer, said)
            return await self._follow(job, reading)
        self._all(job, RowStatus.UNKNOWN, said)
        return None

    async def _give_up(self, job: Job, answer: Answer, said: dict[str, Any]) -> None:
        """Looking for rows was refused: so they are not there, or it says nothing of them."""
        if is_hopeless(answer) or (answer.status >= 500 and len(job.chunk) == 1):
            self.stopped = self.stopped or is_incurable(answer)
            self._all(job, RowStatus.UNKNOWN, error_of(answer))
        elif len(job.chunk) > 1:
            for half in job.chunk.halves():
                await self._settle(replace(job.on(half), rounds=0), said)
        else:
            self._all(job, RowStatus.FAILED, error_of(answer))

    def _looking(self, job: Job) -> Job:
        until = asyncio.get_running_loop().time() + self._limits.patience
        return replace(job, lost=True, until=until if job.until is None else job.until)

    def _is_late(self, job: Job) -> bool:
        """Whether it was looked for long enough; one look is always taken."""
        late = job.until is not None and asyncio.get_running_loop().time() >= job.until
        return late and job.rounds > 0

    async def _ask(self, request: Request) -> Answer:
        try:
            answer = await self._counted(request)
        except (*_NOT_SENT, UpstreamError) as error:
            raise Away from error
        if is_away(answer) or is_transient(answer):
            raise Away
        if answer.status >= 300:
            raise Refused(answer)
        return answer

    def _taken(self, index: int) -> RowOutcome:
        if index in self._outcomes:
            return self._outcomes.pop(index)
        self.ended[RowStatus.NOT_ATTEMPTED] += 1
        return RowOutcome(index, RowStatus.NOT_ATTEMPTED)

    def _all(self, job: Job, status: RowStatus, error: dict[str, Any]) -> None:
        self.note([outcome(entry, status, None, error) for entry in job.chunk.entries])

    async def _counted(self, request: Request) -> Answer:
        async with self._gate:
            self._count(request, 1)
            try:
                answer = await self._send(request)
            except CanvaloError as error:
                if error.kept_back:
                    self._count(request, -1)
                raise
            self.received_bytes += len(answer.body)
            return answer

    def _count(self, request: Request, times: int) -> None:
        self.calls += times
        self.sent_bytes += times * len(request.body)


async def together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Carry all out side by side; where one fails or is cancelled, all end with its error."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _pause(rounds: int) -> float:
    """Seconds to wait: doubled each time, and spread so that not all come back at once."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(rounds, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
