"""What may go wrong around readers and writers: processes, ways, clocks, Valkey itself."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.optimizer.machine.history import ANY, INDEX, WHO, History
from tests.optimizer.machine.processes import LIFE, TTL, Process

SECONDS = st.sampled_from((0.5, 0.75, 1.0, 1.0, 1.0, 30.0, LIFE))
TTLS = st.sampled_from((30, TTL, TTL))
# What restarts from what; the keys that may be lost: stamps, entries, fetchers; the rest.
RESTARTS = ("own file", "nothing", "replica")
FAULTS = (*RESTARTS, "flush", "s", "s", "s", "e", "e", "f", "trim", "trim", "copy", "copy")
NEW_EPOCHS = (*RESTARTS, "flush")
_MOST_RESTARTS = 2  # an example: each takes as long as a hundred other steps


class Faults(History):
    """The rules by which things go wrong."""

    @rule(where=ANY, now=st.sampled_from(("mended", "mended", "cut", "restarted")))
    def process_is(self, where, now):
        """Its way to Valkey is cut, or whole again; or it dies and another takes its place."""
        if now == "restarted":
            self._run(self._restart(where))
        else:
            self._run(self._cut_or_mend(self.processes[where], now == "mended"))

    async def _cut_or_mend(self, process: Process, whole: bool) -> None:
        if not whole:
            await process.wire.cut()
            return
        process.wire.mend()
        if await process.engine.settle():
            self.promises.settle(process, self.lease.now)

    async def _restart(self, where: int) -> None:
        old = self.processes[where]
        self.reads.forget(old)
        await self.writes.die(old)
        await old.close()
        self.processes[where] = old.restarted()

    @rule(seconds=SECONDS)
    def time_passes(self, seconds):
        """For everybody; markers, leases and entries come to their end."""
        self._pass(seconds)

    @rule(seconds=st.sampled_from((-400, -30, 0, 0, 30)), what=WHO, ttl=TTLS)
    def operator_sets(self, seconds, what, ttl):
        """The wall clock, which leases and markers do not care for, and how long is kept."""
        self.settings.set_ttl(self._relation(what), ttl)
        if seconds < 0:
            self.promises.set_back(self.clock.now)
        self.clock.now += seconds

    @rule(fault=st.sampled_from(FAULTS), which=INDEX, later=st.booleans())
    def valkey(self, fault, which, later):
        """Valkey loses something, or everything; the time in which nothing is kept may pass."""
        if fault in RESTARTS:
            if self.restarts >= _MOST_RESTARTS:
                return
            self.restarts += 1
            self.server.restart(fault)
        elif fault == "copy":
            self.server.copy()
        elif fault == "flush":
            self.server.flush()
        elif fault == "trim":
            self.server.trim(which % 3)
        else:
            self.server.evict(fault, which)
        self.tally[f"faults: {fault}"] += 1
        if later and fault in NEW_EPOCHS:
            self._run(self.processes[which % 3].follow())
            self._pass(LIFE)
