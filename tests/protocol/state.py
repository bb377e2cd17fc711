"""What there is in the world of the model: Valkey, two processes, writers, readers, a clock.

The world is small: one question with one answer, whose version counts the commits that changed it.
Time counts in ticks. Any step may be put off for as long as one likes, which is how a paused
process looks from outside.
"""

from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

ALL, ANY, ROW = 0, 1, 2  # tags: of every read, of those that may find any row, of one row
SHARED = -1  # the writer of a marker that all writers share, where `own_marker` is left out


class Marker(NamedTuple):
    """A writer is at work on a tag; it expires at the deadline."""

    writer: int
    tag: int
    deadline: int


class Stored(NamedTuple):
    """L2's entry: an answer under the stamps and the epoch that stood before its fetch."""

    version: int
    stamps: tuple[int, ...]
    epoch: int
    position: int = 0  # of the look; kept where reads may fail


class Event(NamedTuple):
    """One change on the stream."""

    kind: str
    tags: tuple[int, ...]


class Valkey(NamedTuple):
    """The server. A stamp of 0 is missing; `trimmed` events of the stream are gone."""

    epoch: int
    quarantined_until: int
    stamps: tuple[int, ...]
    markers: tuple[Marker, ...]
    entry: Stored | None
    stream: tuple[Event, ...]
    trimmed: int
    asked: bool = True  # writers know the question's filters

    @property
    def head(self) -> int:
        """The position of the newest event."""
        return self.trimmed + len(self.stream)


class Kept(NamedTuple):
    """L1's entry: an answer and the stream's position at its look."""

    version: int
    position: int


class Reply(NamedTuple):
    """What Valkey answered to a stream read: where each tag last changed, and up to where."""

    flush: bool
    changed: tuple[int, ...]
    position: int
    epoch: int
    caught_up: bool


class Poll(NamedTuple):
    """A stream read under way."""

    sent_at: int
    reply: Reply | None


class Process(NamedTuple):
    """A process: its L1, what it has applied of the stream, until when it serves L1 unasked."""

    kept: Kept | None
    applied: int
    lease: int
    changed: tuple[int, ...]
    epoch: int
    poll: Poll | None
    own_change: int = 0  # the position of its own last write; kept where reads may fail
    owes: int = 0  # the number of its latest debt: a touch for what it wrote without Valkey
    paying: tuple[int, int] | None = None  # a touch under way: for which debt, its position


class Writer(NamedTuple):
    """A write. `request` is where it is: "-", "under way", or "done" once it was committed."""

    step: str
    process: int
    sent_at: int = 0
    version: int = 0
    request: str = "-"
    deadline: int = 0
    epoch: int = 0
    position: int = 0
    fenced: bool = True
    tests: bool = True  # its rows against the question's filters: it knew of them


class Reader(NamedTuple):
    """A read: what it is owed, what it saw in its look, and what it holds."""

    step: str
    process: int
    mode: str
    owed: int = 0
    own: int = 0  # what its process had acknowledged at its start
    token: tuple[int, int] | None = None  # epoch and position
    version: int = 0
    stamps: tuple[int, ...] = ()
    position: int = 0
    no_fill: bool = False
    epoch: int = 0
    joined: int = -1
    seen: Stored | None = None  # between the halves of a look that is not one script


class Acknowledged(NamedTuple):
    """A write whose answer was returned to its client."""

    at: int
    version: int
    process: int
    token: tuple[int, int] | None  # None: written without Valkey


class Faults(NamedTuple):
    """How often each of these may still happen."""

    crash: int = 0  # a writer's process dies
    unknown: int = 0  # a writer gets no answer
    webhook: int = 0  # a webhook touches the tags after a commit
    lost_reply: int = 0  # a stream read comes to nothing
    trim: int = 0  # the stream is cut to its newest position
    evict_stamp: int = 0
    evict_marker: int = 0
    restart: int = 0  # Valkey comes back empty
    failover: int = 0  # Valkey goes on from an older copy
    revalidate: int = 0  # a stale entry is served while it is renewed
    error: int = 0  # the upstream fails a read
    cut_off: int = 0  # a writer cannot reach Valkey
    lag: int = 0  # a read is answered by a replica that is one commit behind


class World(NamedTuple):
    """One state of everything."""

    now: int
    version: int
    valkey: Valkey
    copy: Valkey | None  # the replica that a failover goes on from
    processes: tuple[Process, ...]
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]
    next_stamp: int
    acknowledged: tuple[Acknowledged, ...]
    faults: Faults


class Step(NamedTuple):
    """A possible step: what happens, the world after it, and the promise that it breaks."""

    label: str
    world: World
    breach: str | None = None


def put(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    """The tuple with one item replaced."""
    return (*items[:index], item, *items[index + 1 :])


def with_process(world: World, index: int, process: Process) -> World:
    """The world with one process replaced."""
    return world._replace(processes=put(world.processes, index, process))


def spend(world: World, fault: str) -> World:
    """The world in which this fault may happen once less."""
    left = getattr(world.faults, fault) - 1
    return world._replace(faults=world.faults._replace(**{fault: left}))


def acknowledge(world: World, index: int, token: tuple[int, int] | None) -> World:
    """The world in which a writer's client has its answer."""
    writer = world.writers[index]
    new = Acknowledged(world.now, writer.version, writer.process, token)
    moved = with_writer(world, index, step="done")
    return moved._replace(acknowledged=(*world.acknowledged, new))


def with_writer(world: World, index: int, **changes: Any) -> World:
    """The world with one writer changed."""
    writer: Writer = world.writers[index]._replace(**changes)
    return world._replace(writers=put(world.writers, index, writer))
