"""What a search is given: who acts, which faults there may be, the limits, the clauses."""

from dataclasses import dataclass
from enum import IntEnum

from tests.protocol.clauses import Clauses
from tests.protocol.state import (
    ALL,
    Event,
    Faults,
    Kept,
    Process,
    Reader,
    Stored,
    Valkey,
    World,
    Writer,
)

NO_FAULTS = Faults()
EVERY_CLAUSE = Clauses()


class Look(IntEnum):
    """How a look reads Valkey: in one script, or in two halves, to see what that would do."""

    ONE_SCRIPT = 0
    POSITION_LATE = 1
    POSITION_FIRST = 2
    ENTRY_FIRST = 3


@dataclass(frozen=True, slots=True)
class Write:
    """A write to come: by which process, and the tags that it touches.

    `known` are those known beforehand, `widest` those that it might touch, `proven` those that
    its answer proves.
    """

    process: int
    known: tuple[int, ...] = (ALL,)
    widest: tuple[int, ...] = (ALL,)
    proven: tuple[int, ...] = (ALL,)


@dataclass(frozen=True, slots=True)
class Plan:
    """A world to search: who acts, which faults, and the limits in ticks."""

    writes: tuple[Write, ...]
    reads: tuple[tuple[int, str], ...]  # process and mode: own, plain, token, strict
    faults: Faults = NO_FAULTS
    until: int = 6
    bound: int = 2  # L1 is served unasked for so long
    marker_life: int = 3
    statement: int = 1  # the upstream commits so long after the sending at the latest
    overrun: int = 0  # by which the upstream may exceed that
    batch: int = 9  # events in one answer to a stream read
    backlog: int = 0  # events of other relations that no process has read yet
    warm: bool = False  # begin with an entry in L2 and in both L1s
    joins: bool = False  # flights are shared
    polls: tuple[int, ...] = (0, 1)  # the processes that read the stream
    tags: tuple[int, ...] = (ALL,)  # the tags of the question
    by_filters: bool = False  # the last of them is touched by those alone who know the filters
    look: Look = Look.ONE_SCRIPT
    clauses: Clauses = EVERY_CLAUSE

    @property
    def held(self) -> tuple[int, ...]:
        """The tags that a read of the question holds."""
        return self.tags if self.clauses.reads_hold_all else self.tags[-1:]

    def proven(self, index: int, writer: Writer) -> tuple[int, ...]:
        """The tags that a write's answer proves; of filters that it does not know, none."""
        tags, unknown = self.writes[index].proven, self.by_filters and not writer.tests
        return tuple(tag for tag in tags if not unknown or tag != self.tags[-1])

    def commits_until(self, writer: Writer) -> int:
        """The last tick in which the upstream may still commit what was sent."""
        return writer.sent_at + self.statement + self.overrun


def first(plan: Plan) -> World:
    """The world before anything has happened."""
    touched = (tag for write in plan.writes for tag in (*write.widest, *write.proven))
    count = 1 + max((*plan.tags, *touched))
    stamps = (1 if plan.warm else 0,) * count
    entry = Stored(0, tuple(stamps[tag] for tag in plan.held), 1) if plan.warm else None
    process = Process(Kept(0, 0) if plan.warm else None, 0, plan.bound, (0,) * count, 1, None)
    return World(
        now=0,
        version=0,
        valkey=Valkey(
            1,
            0,
            stamps,
            (),
            entry,
            (Event("end", ()),) * plan.backlog,
            0,
            asked=plan.warm or not plan.by_filters,
        ),
        copy=None,
        processes=(process, process),
        writers=tuple(Writer("idle", write.process) for write in plan.writes),
        readers=tuple(Reader("idle", process, mode) for process, mode in plan.reads),
        next_stamp=2 if plan.warm else 1,
        acknowledged=(),
        faults=plan.faults,
    )
