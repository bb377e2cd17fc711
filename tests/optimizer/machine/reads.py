"""Reads of the machine: what each is owed when it starts, and whether it gets that."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field

from optimizer.domain.answer import Answer, Call
from optimizer.domain.causal import NOTHING, Demand
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.query import Read
from optimizer.errors import UpstreamError
from tests.optimizer.machine.processes import STRICT, Caller, Process
from tests.optimizer.machine.promises import Promises

HANGS = 20.0  # s after which a read counts as one that never returns


@dataclass(frozen=True)
class Asked:
    """One read: who asks what where, and which write must be seen."""

    process: Process
    caller: Caller
    relation: str
    demand: Demand = NOTHING
    written: int = 0  # the version that the demand's token speaks of

    @property
    def entry(self) -> object:
        """Reads that are alike in this may share a fetch."""
        return self.process, self.relation, self.caller.holder(self.relation)


@dataclass
class Reading:
    """A read under way, the versions that it must return at least, and its way to Supabase."""

    asked: Asked
    least: int
    least_of_hit: int
    own: int  # the process's own, which even an answer out of an emergency has
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    task: asyncio.Task | None = None


class Reads:
    """Starts reads, and checks what each returns."""

    def __init__(self, promises: Promises, tally: Counter[str]) -> None:
        self._promises = promises
        self._tally = tally
        self.open: list[Reading] = []

    async def start(
        self, asked: Asked, now: float, wall: float, ttl: float, *, slow: bool, fails: bool
    ) -> None:
        """Read; return when it is answered, has reached Supabase or waits for another's fetch."""
        reading = self._owed(asked, now, wall, ttl)
        reading.fails = fails
        if not slow:
            reading.gate.set()
        may_wait = any(one.asked.entry == asked.entry for one in self.open)
        reading.task = asyncio.create_task(_send(reading, self._promises))
        arrived = asyncio.create_task(reading.arrived.wait())
        ends = {reading.task, arrived} if slow else {reading.task}
        done, _ = await asyncio.wait(
            ends, timeout=0.05 if may_wait else HANGS, return_when=asyncio.FIRST_COMPLETED
        )
        arrived.cancel()
        assert done or may_wait, "a read hangs"
        self.open.append(reading)
        await self.collect()

    async def release(self, which: int) -> None:
        """Supabase answers one of the slow reads, and whoever joined it."""
        reading = self.open[which % len(self.open)]
        for one in self.open:
            if one.asked.entry == reading.asked.entry:
                one.gate.set()
        assert reading.task is not None
        done, _ = await asyncio.wait({reading.task}, timeout=HANGS)
        assert done, "a read hangs"
        await self.collect()

    async def collect(self) -> None:
        """Check every read that was answered."""
        done = [one for one in self.open if one.task is not None and one.task.done()]
        self.open = [one for one in self.open if one not in done]
        for reading in done:
            await self._check(reading)

    def forget(self, process: Process) -> None:
        """A process has died: nobody waits for its answers."""
        for reading in self.open:
            if reading.asked.process is process and reading.task is not None:
                reading.task.cancel()
        self.open = [one for one in self.open if one.asked.process is not process]

    def _owed(self, asked: Asked, now: float, wall: float, ttl: float) -> Reading:
        promises, relation = self._promises, asked.relation
        own = promises.own[asked.process, relation]
        least = max(promises.plain(asked.process, relation, now), asked.written)
        if relation == STRICT:
            least = max(least, promises.strict(relation))
        return Reading(asked, least, promises.aged(relation, wall, ttl), own)

    async def _check(self, reading: Reading) -> None:
        assert reading.task is not None
        try:
            served = await reading.task
        except UpstreamError:
            self._tally["reads that failed"] += 1
            return
        outcome = served.outcome
        self._tally[f"{outcome} from {served.tier}"] += 1
        relation, holder, version = json.loads(served.answer.body)
        asked = reading.asked
        where = f"{outcome} from {served.tier}"
        assert relation == asked.relation, where
        assert holder == asked.caller.holder(relation), f"another's row: {where}"
        if outcome is ReadOutcome.STALE:
            assert relation != STRICT, "an old answer of a strict table"
            assert asked.demand == NOTHING, "an old answer to a token"
            assert version >= reading.own, "an old answer to its writer"
            return
        assert version >= reading.least, f"older than promised: {where}"
        if outcome is ReadOutcome.HIT:
            assert version >= reading.least_of_hit, f"older than its TTL: {where}"


async def _send(reading: Reading, promises: Promises):
    asked = reading.asked

    async def answer() -> Answer:
        """Supabase sees what is true when it is asked, and answers when it is let."""
        rows = [asked.relation, asked.caller.holder(asked.relation)]
        rows.append(promises.versions[asked.relation])
        reading.arrived.set()
        await reading.gate.wait()
        if reading.fails:
            raise UpstreamError("reset")
        return Answer(200, (), json.dumps(rows).encode())

    schema, _, relation = asked.relation.partition(".")
    question = Read(schema, relation, "GET", (), (), False)
    return await asked.process.engine.read(question, asked.caller.scope, Call(answer), asked.demand)
