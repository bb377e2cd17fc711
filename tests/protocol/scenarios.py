"""Small worlds, each with the clause without which a promise is broken in it."""

from dataclasses import dataclass, replace
from typing import Any

from tests.protocol.clauses import without
from tests.protocol.plan import Look, Plan, Write
from tests.protocol.state import ALL, ANY, ROW, Faults


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world, and the clause that it shows to be needed."""

    clause: str
    name: str
    plan: Plan

    @property
    def broken(self) -> Plan:
        """The same world without the clause."""
        return replace(self.plan, clauses=without(self.clause))

    def __str__(self) -> str:
        """A short name, for reports."""
        return self.name


HERE, THERE = Write(0), Write(1)
# Three kinds of write where the grain is the row: `BY_FILTER` learns from its answer which row it
# changed; of `UNPROVEN` nobody can say; `BY_KEY` knows beforehand.
BY_FILTER = Write(0, known=(ANY,), widest=(ALL, ANY), proven=(ANY, ROW))
UNPROVEN = Write(0, known=(ANY,), widest=(ALL, ANY), proven=(ALL, ANY))
BY_KEY = Write(0, known=(ANY, ROW), widest=(ANY, ROW), proven=(ANY, ROW))
# `TESTED` shows its rows: it touches the filters that these may pass, as far as it knows them.
TESTED = Write(0, known=(ANY,), widest=(ANY,), proven=(ROW,))
FILTERED = (ALL, ANY, ROW)  # the tags of a read by filters: of all of them, and of its own
POINT, LIST = (ALL, ROW), (ALL, ANY)  # the tags of a read of one row, and of any rows

QUIET: dict[str, Any] = {"polls": ()}  # nobody reads the stream
OTHER: dict[str, Any] = {"polls": (1,)}  # only the process that does not write reads it


def _of(clause: str, name: str, writes: Any, reads: Any, **rest: Any) -> Scenario:
    return Scenario(clause, name, Plan(tuple(writes), tuple(reads), **rest))


MARKERS = (
    _of("own_marker", "two writers and one dies", [HERE, THERE], [(1, "own")],
        faults=Faults(crash=1), until=1, marker_life=2, **QUIET),
    _of("own_marker", "a webhook must not clear a marker", [HERE, THERE], [(1, "own")],
        faults=Faults(crash=1, webhook=1), until=0, marker_life=2, **QUIET),
    _of("announced", "the writer dies and L1 is elsewhere", [HERE], [(1, "plain")],
        faults=Faults(crash=1), until=3, warm=True, **OTHER),
    _of("unknown_waits", "an unknown outcome", [HERE], [(1, "own")],
        faults=Faults(unknown=1), until=5, **QUIET),
    _of("fence", "a writer paused before it sends", [HERE], [(1, "own")],
        faults=Faults(crash=1), until=6, **QUIET),
)  # fmt: skip
GRAINS = (
    _of("widest_marker", "the writer dies before it knows the rows", [BY_FILTER], [(1, "own")],
        faults=Faults(crash=1), until=5, tags=POINT, **QUIET),
    _of("answer_narrows", "an unknown outcome of unknown rows", [BY_FILTER], [(1, "own")],
        faults=Faults(unknown=1), until=5, tags=POINT, **QUIET),
    _of("asked_first", "filters that nobody had asked by", [TESTED], [(1, "own")],
        until=2, tags=FILTERED, by_filters=True, **QUIET),
    _of("reads_hold_all", "a write whose rows are never known", [UNPROVEN], [(1, "strict")],
        until=5, tags=POINT, **QUIET),
)  # fmt: skip
MEMORY = (
    _of("fill_position", "an L1 fill after the change was applied", [HERE],
        [(1, "own"), (1, "token")], until=2, **OTHER),
    _of("fill_position", "an L1 fill after the bound", [HERE],
        [(1, "own"), (1, "plain")], until=1, bound=1, **OTHER),
    _of("fill_position", "an L1 fill after one's own write", [HERE],
        [(0, "own"), (0, "own")], until=3, **QUIET),
    _of("lease_from_sending", "a reply that was long under way", [HERE],
        [(1, "plain")], until=3, bound=1, warm=True, **OTHER),
    _of("lease_caught_up", "a backlog that is read in parts", [HERE],
        [(1, "plain")], until=3, bound=1, batch=1, backlog=1, warm=True, **OTHER),
    _of("dense", "a stream that was trimmed", [HERE], [(1, "plain")],
        faults=Faults(trim=1, lost_reply=1), until=2, warm=True, **OTHER),
    _of("token_compared", "a token that L1 does not know", [HERE], [(1, "token")],
        until=4, warm=True, **OTHER),
)  # fmt: skip
EPOCHS = (
    _of("epoch", "an empty stream looks healthy after a restart", [HERE], [(1, "plain")],
        faults=Faults(restart=1), until=2, warm=True, **OTHER),
    _of("epoch", "a failover to an older copy", [HERE], [(1, "strict")],
        faults=Faults(failover=1), until=3, warm=True, **QUIET),
    _of("adopt", "a restart between a look and its fill", [HERE], [(0, "own"), (0, "own")],
        faults=Faults(restart=1), until=1, **QUIET),
    _of("quarantine", "a restart forgets the marker of a dying writer", [HERE], [(1, "own")],
        faults=Faults(restart=1, crash=1), until=4, marker_life=2, **QUIET),
)  # fmt: skip
READS = (
    _of("join_current", "joining a flight from before one's own write", [HERE],
        [(0, "own"), (0, "own")], until=3, joins=True, **QUIET),
    _of("join_current", "joining a flight from before the token", [HERE],
        [(1, "own"), (1, "token")], until=3, joins=True, **QUIET),
    _of("look_again", "taking over another process's value", [HERE],
        [(1, "own"), (0, "own")], until=3, joins=True, **QUIET),
    _of("live_stamps", "stale while it is revalidated", [HERE], [(0, "own")],
        faults=Faults(revalidate=1), until=3, warm=True, **QUIET),
    *(_of("error_rule", f"stale instead of an error: {name}", [HERE], [(process, mode)],
          faults=Faults(error=1), until=3, warm=True, **QUIET)
      for process, mode, name in ((0, "own", "to the writer's own process"),
                                  (1, "token", "to a token"), (1, "strict", "where strict"))),
)  # fmt: skip
OUTAGES = (
    _of("unfenced_bypass", "a write while Valkey is away", [HERE], [(0, "own")],
        faults=Faults(cut_off=1), until=5, warm=True, **QUIET),
    _of("debts_apart", "Valkey comes and goes during a write", [HERE],
        [(1, "own"), (0, "own")], faults=Faults(cut_off=1), until=0, **QUIET),
    _of("late_marker", "no answer while Valkey is away", [HERE], [(0, "own")],
        faults=Faults(cut_off=1, unknown=1), until=3, marker_life=2, **QUIET),
)  # fmt: skip
SCENARIOS = (*MARKERS, *GRAINS, *MEMORY, *EPOCHS, *READS, *OUTAGES)

# Worlds in which all clauses hold, and nothing else is to be shown.
SOUND = {
    "the stamp is evicted": Plan(
        (HERE, THERE), ((1, "strict"),), Faults(evict_stamp=1), until=0, **QUIET
    ),
    "stale instead of an error, elsewhere and marked": Plan(
        (HERE,), ((1, "plain"),), Faults(error=1), until=4, warm=True, **QUIET
    ),
    "a token to bypass": Plan(
        (HERE,), ((0, "own"), (1, "token")), Faults(cut_off=1), until=2, warm=True, **QUIET
    ),
    "a write by key": Plan((BY_KEY,), ((1, "own"),), Faults(crash=1), until=2, tags=POINT, **OTHER),
    "an answer that narrows, and L1": Plan(
        (BY_FILTER,), ((1, "own"), (1, "token")), until=1, tags=POINT, **OTHER
    ),
    "filters, a writer that tests its rows, and its death": Plan(
        (TESTED,), ((1, "own"),), Faults(crash=1), until=3, tags=FILTERED, by_filters=True, **OTHER
    ),
    "filters, and L1": Plan(
        (TESTED,), ((0, "own"), (1, "token")), until=1, tags=FILTERED, by_filters=True, warm=True,
        **OTHER,
    ),
    "a list and a write by key": Plan(
        (BY_KEY,), ((1, "own"),), Faults(crash=1), until=2, tags=LIST, **OTHER
    ),
    **{
        f"a look in two halves, {look.name}": Plan(
            (HERE,), ((1, "own"), (1, "token")), until=2, look=look, **OTHER
        )
        for look in (Look.POSITION_LATE, Look.POSITION_FIRST)
    },
    "a look in two halves, ENTRY_FIRST": Plan(
        (HERE,), ((1, "own"), (1, "strict")), Faults(crash=1), until=2,
        look=Look.ENTRY_FIRST, **QUIET,
    ),
}  # fmt: skip

# Worlds in which a promise is broken with all clauses: there the TTL is the bound.
BEYOND = {
    "the marker is evicted and the writer dies": Plan(
        (HERE,), ((1, "own"),), Faults(evict_marker=1, crash=1), until=4, **QUIET
    ),
    "a writer without Valkey dies": Plan(
        (HERE,), ((1, "own"),), Faults(cut_off=1, crash=1), until=4, warm=True, **QUIET
    ),
    "the upstream is a replica": Plan((HERE,), ((0, "own"),), Faults(lag=1), until=3, **QUIET),
    "the upstream exceeds its time-out": Plan(
        (HERE,), ((1, "own"),), Faults(unknown=1), until=7, overrun=5, **QUIET
    ),
}
