"""Rules of several steps, for what chance alone would bring about too seldom."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from optimizer.domain.facts import Operation
from tests.optimizer.machine.history import ANY, WHO
from tests.optimizer.machine.machine import Machine
from tests.optimizer.machine.processes import LIFE
from tests.optimizer.machine.writes import Fate

LOST = st.sampled_from((Fate.LOST, Fate.CANCELLED, Fate.GATEWAY))


class Tales(Machine):
    """All rules, and these."""

    @rule(where=ANY, who=WHO, what=WHO, by=ANY, heard=st.booleans())
    def write_during_a_read(self, where, who, what, by, heard):
        """A read has seen what was before a write, and is answered after it."""
        self._read(where, who, self._relation(what), slow=True)
        self.write(by, what, Operation.UPDATE, False, Fate.ACKNOWLEDGED)
        if heard:
            self.follow(where)
        if self.reads.open:
            self.answer(len(self.reads.open) - 1)
        self.read_everywhere(who, what, 1.0, heard)

    @rule(where=ANY, who=WHO, what=WHO, by=ANY)
    def write_and_ask_at_once(self, where, who, what, by):
        """Nobody has heard of a write yet, but some must see it."""
        self.read_everywhere(who, what, 0.0, True)
        self.write(by, what, Operation.UPDATE, False, Fate.ACKNOWLEDGED)
        self.read_everywhere(who, what, 0.5, False)
        if latest := self.writes.tokens[-3:]:
            self.read_with_a_token(where, who, len(latest) - 1, False)

    @rule(who=WHO, what=WHO, by=ANY, fate=LOST, lands=st.booleans(), early=st.booleans())
    def lose_a_write(self, who, what, by, fate, lands, early):
        """It is read around a write that nobody answers, until that one's marker is over."""
        self.read_everywhere(who, what, 0.0, True)
        begun = self._begin(by, what, Operation.UPDATE, lands)
        if begun is None:
            return
        if early:
            self.writes.commit(begun, self.clock.now)
        self.read_everywhere(who, what, 0.5, True)
        self._run(self.writes.finish(begun, fate, self.lease.now, self.clock.now))
        self.read_everywhere(who, what, 0.5, False)
        self._pass(LIFE)
        self.read_everywhere(who, what, 1.0, True)

    @rule(who=WHO, what=WHO, by=ANY, lost=st.booleans(), how=st.sampled_from(("replica", "flush")))
    def take_over(self, who, what, by, lost, how):
        """A write is lost together with what Valkey knew of it."""
        self.read_everywhere(who, what, 0.0, False)
        self.server.copy()
        if lost:
            self._begin(by, what, Operation.UPDATE, True)
        else:
            self.write(by, what, Operation.UPDATE, False, Fate.ACKNOWLEDGED)
        self.valkey(how, by, False)
        self.read_everywhere(who, what, 1.0, True)
        self._pass(LIFE)
        self.read_everywhere(who, what, 1.0, True)
