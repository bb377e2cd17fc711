"""What every history has: a server, three processes, clocks, and the model of what is owed."""

import asyncio
from collections import Counter
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.optimizer.conftest import Clock
from tests.optimizer.machine.processes import CALLERS, RELATIONS, Process, Settings
from tests.optimizer.machine.promises import Promises
from tests.optimizer.machine.reads import Reads
from tests.optimizer.machine.server import Server
from tests.optimizer.machine.writes import Fate, Writes
from tests.optimizer.tiers import Lease
from tests.optimizer.wire import Wire

ANY = st.integers(0, 2)  # a process
INDEX = st.integers(0, 20)
WHO = st.integers(0, 5)  # of those who take part
FOCUS = st.sampled_from((1, 1, 1, 2, 3))  # how many take part: the fewer, the more they meet


class History(RuleBasedStateMachine):
    """Three processes over one Valkey; subclasses name the server and have the rules."""

    server: ClassVar[Server]
    tally: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock, self.lease, self.settings = Clock(), Lease(), Settings()
        self.promises = Promises()
        self.reads = Reads(self.promises, self.tally)
        self.writes = Writes(self.promises, self.tally)
        self.restarts = 0
        self.server.reset()
        self.processes = [self._run(self._process()) for _ in range(3)]

    async def _process(self) -> Process:
        wire = Wire(self.server.url)
        await wire.start()
        return Process(wire, self.settings, self.clock, self.lease)

    def _run(self, work):
        return self.runner.run(work)

    @initialize(callers=FOCUS, relations=FOCUS, which=INDEX)
    def focus(self, callers, relations, which):
        """Who takes part in this history."""
        turned = which % 3
        self.callers = (CALLERS[turned:] + CALLERS[:turned])[:callers]
        turned = which // 3 % 3
        self.relations = (RELATIONS[turned:] + RELATIONS[:turned])[:relations]

    def _relation(self, what: int) -> str:
        return self.relations[what % len(self.relations)]

    def _pass(self, seconds: float) -> None:
        if not seconds:
            return
        now = self.lease.now + seconds
        self._run(self._give_up(now))
        self.writes.pass_time(now, self.clock.now)
        self.lease.now, self.clock.now = now, self.clock.now + seconds
        self.server.age(seconds)
        self.writes.expire(now)

    async def _give_up(self, now: float) -> None:
        for writing in self.writes.out_of_time(now):
            await self.writes.finish(writing, Fate.CANCELLED, self.lease.now, self.clock.now)

    @invariant()
    def nothing_was_lied_about(self):
        """Whatever was answered meanwhile is checked; so are the steps counted."""
        self.tally["steps"] += 1
        self._run(self.reads.collect())

    def teardown(self) -> None:
        """End what is under way."""
        self._run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        for process in self.processes:
            self.reads.forget(process)
            await process.wire.stop()
            await process.close()
