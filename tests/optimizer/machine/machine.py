"""The rules: what may happen, in whatever order Hypothesis finds most telling."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from optimizer.domain import causal, tags
from optimizer.domain.causal import NOTHING
from optimizer.domain.facts import Operation
from optimizer.errors import CacheUnavailable
from tests.optimizer.machine.faults import Faults
from tests.optimizer.machine.history import ANY, INDEX, WHO
from tests.optimizer.machine.processes import Process
from tests.optimizer.machine.reads import Asked
from tests.optimizer.machine.writes import Fate

_NARROW = (Operation.INSERT, Operation.UPDATE, Operation.UPSERT)
OPERATION = st.sampled_from((*_NARROW, *_NARROW, Operation.DELETE, Operation.RPC))
FATE = st.sampled_from((*[Fate.ACKNOWLEDGED] * 9, *Fate))  # a lost one's marker stays for long
LATER = st.sampled_from((0.0, 0.0, 0.75, 1.0))
SELDOM = st.sampled_from((False, False, True))


class Machine(Faults):
    """Readers and writers."""

    # ---- readers

    def _read(self, where, who, what, *, slow=False, fails=False, demand=NOTHING, written=0):
        caller = self.callers[who % len(self.callers)]
        asked = Asked(self.processes[where], caller, what, demand, written)
        ttl = self.settings.policy(what).ttl
        now, wall = self.lease.now, self.clock.now
        self._run(self.reads.start(asked, now, wall, ttl, slow=slow, fails=fails))

    @rule(where=ANY, who=WHO, what=WHO, fails=SELDOM)
    def read(self, where, who, what, fails):
        """Somebody asks; where Supabase fails, an answer of before may help out."""
        self._read(where, who, self._relation(what), fails=fails)

    @rule(who=WHO, what=WHO, later=LATER, heard=st.booleans())
    def read_everywhere(self, who, what, later, heard):
        """Somebody asks in every process, now or in a while, in which each may have heard."""
        self._pass(later)
        if heard:
            self.follow(len(self.processes))
        for where in range(3):
            self._read(where, who, self._relation(what))

    @rule(where=ANY, who=WHO, what=WHO, fails=SELDOM)
    def read_slowly(self, where, who, what, fails):
        """Supabase sees the question now and answers later, or fails."""
        self._read(where, who, self._relation(what), slow=True, fails=fails)

    @precondition(lambda self: self.writes.tokens)
    @rule(where=ANY, who=WHO, which=INDEX, slow=SELDOM)
    def read_with_a_token(self, where, who, which, slow):
        """Somebody shows the token of one of the latest writes."""
        latest = self.writes.tokens[-3:]
        token, relation, version = latest[which % len(latest)]
        demand = causal.demand(token)
        self._read(where, who, relation, slow=slow, demand=demand, written=version)

    @precondition(lambda self: self.reads.open)
    @rule(which=INDEX)
    def answer(self, which):
        """Supabase answers a slow read."""
        self._run(self.reads.release(which))

    # ---- writers

    @rule(where=ANY, what=WHO, operation=OPERATION, lands=st.booleans(), fate=FATE)
    def write(self, where, what, operation, lands, fate):
        """Somebody writes, and is answered at once, or never."""
        begun = self._begin(where, what, operation, lands)
        if begun is not None:
            self._run(self.writes.finish(begun, fate, self.lease.now, self.clock.now))

    @rule(where=ANY, what=WHO, operation=OPERATION, lands=st.booleans())
    def begin_to_write(self, where, what, operation, lands):
        """A write is on its way to Supabase."""
        self._begin(where, what, operation, lands)

    def _begin(self, where, what, operation, lands):
        process, relation = self.processes[where], self._relation(what)
        starting = self.writes.start(process, relation, operation, self.lease.now, lands=lands)
        return self._run(starting)

    @precondition(lambda self: self.writes.open)
    @rule(which=INDEX)
    def take_effect(self, which):
        """A write under way is committed; its writer does not know yet."""
        self.writes.commit(self.writes.open[which % len(self.writes.open)], self.clock.now)

    @precondition(lambda self: self.writes.open)
    @rule(which=INDEX, fate=FATE)
    def end_a_write(self, which, fate):
        """A write under way is answered, or not."""
        writing = self.writes.open[which % len(self.writes.open)]
        self._run(self.writes.finish(writing, fate, self.lease.now, self.clock.now))

    @rule(where=ANY, what=WHO, webhook=st.booleans())
    def change_from_outside(self, where, what, webhook):
        """Somebody writes past Canvalo; a webhook may say so, and may be lost."""
        relation = self._relation(what)
        version = self.promises.commit(relation, self.clock.now)
        if webhook:
            self._run(self._hear(self.processes[where], relation, version))

    async def _hear(self, process: Process, relation: str, version: int) -> None:
        try:
            await process.engine.touch([tags.of_relation(relation)])
        except CacheUnavailable:
            return  # it is answered 503
        self.promises.acknowledge(process, relation, version)
        self.promises.announce(relation, version, self.lease.now)

    # ---- followers

    @rule(where=st.integers(0, 5))
    def follow(self, where):
        """A process hears of what happened, or all of them do."""
        for process in self.processes[where : where + 1] or self.processes:
            self._run(process.follow())
