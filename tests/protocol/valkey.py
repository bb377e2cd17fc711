"""The steps in Valkey: each is one script, and so one atomic step of the model."""

from typing import NamedTuple

from tests.protocol.plan import Plan
from tests.protocol.state import SHARED, Event, Marker, Process, Stored, Valkey, World, put


class Seen(NamedTuple):
    """What a look saw: the stamps that stand, and the entry's version where it stands too."""

    valkey: Valkey
    next_stamp: int
    stamps: tuple[int, ...]
    hit: int | None
    no_fill: bool


def look(world: World, plan: Plan) -> Seen:
    """Read entry, stamps, markers and position together; renew what an expired marker kept."""
    valkey, next_stamp = _expire(world, plan)
    if plan.clauses.asked_first:
        valkey = valkey._replace(asked=True)
    busy = is_busy(valkey, plan)
    stamps = tuple(valkey.stamps[tag] for tag in plan.held)
    if 0 in stamps and (plan.clauses.own_marker or not busy):
        for tag in plan.held:
            if not valkey.stamps[tag]:
                valkey = valkey._replace(stamps=put(valkey.stamps, tag, next_stamp))
        next_stamp += 1
        stamps = tuple(valkey.stamps[tag] for tag in plan.held)
    stands = valkey.entry is not None and not busy and entry_stands(valkey, stamps, plan)
    hit = valkey.entry.version if stands and valkey.entry else None
    no_fill = busy or (plan.clauses.quarantine and world.now < valkey.quarantined_until)
    return Seen(valkey, next_stamp, stamps, hit, no_fill)


def _expire(world: World, plan: Plan) -> tuple[Valkey, int]:
    """Remove expired markers of the question; each takes its tag's stamp with it."""
    valkey = world.valkey
    for marker in valkey.markers:
        if marker.tag in plan.held and marker.deadline <= world.now:
            markers = tuple(other for other in valkey.markers if other != marker)
            stamps = put(valkey.stamps, marker.tag, 0)
            valkey = valkey._replace(markers=markers, stamps=stamps)
    return valkey, world.next_stamp


def is_busy(valkey: Valkey, plan: Plan) -> bool:
    """Whether a marker stands on a tag of the question."""
    return any(marker.tag in plan.held for marker in valkey.markers)


def entry_stands(valkey: Valkey, stamps: tuple[int, ...], plan: Plan) -> bool:
    """Whether the entry was filled under these stamps, in this epoch."""
    entry = valkey.entry
    if entry is None or entry.stamps != stamps:
        return False
    return not plan.clauses.epoch or entry.epoch == valkey.epoch


def begin(valkey: Valkey, writer: int, tags: tuple[int, ...], deadline: int, plan: Plan) -> Valkey:
    """Add the writer's marker to its tags, and publish that it did."""
    if plan.clauses.own_marker:
        added = tuple(Marker(writer, tag, deadline) for tag in tags)
        valkey = valkey._replace(markers=tuple(sorted(valkey.markers + added)))
    else:
        valkey = valkey._replace(markers=tuple(Marker(SHARED, tag, deadline) for tag in tags))
    return publish(valkey, Event("begin", tags)) if plan.clauses.announced else valkey


def end(valkey: Valkey, writer: int, tags: tuple[int, ...], stamp: int, plan: Plan) -> Valkey:
    """Remove the writer's own marker, set new stamps, publish that too."""
    gone = writer if plan.clauses.own_marker else SHARED
    markers = tuple(marker for marker in valkey.markers if marker.writer != gone)
    return touch(valkey._replace(markers=markers), tags, stamp)


def touch(valkey: Valkey, tags: tuple[int, ...], stamp: int) -> Valkey:
    """Set new stamps and publish the change; markers stay."""
    for tag in tags:
        valkey = valkey._replace(stamps=put(valkey.stamps, tag, stamp))
    return publish(valkey, Event("end", tags))


def fill(valkey: Valkey, entry: Stored) -> Valkey:
    """Keep an answer under the stamps of its look."""
    return valkey._replace(entry=entry, asked=True)


def publish(valkey: Valkey, event: Event) -> Valkey:
    """Append an event to the stream."""
    return valkey._replace(stream=(*valkey.stream, event))


def adopt(process: Process, epoch: int, position: int, plan: Plan) -> Process:
    """Notice an epoch that is new to this process: L1, lease and position are gone with the old."""
    clauses = plan.clauses
    if not (clauses.adopt and clauses.epoch and process.epoch < epoch):
        return process
    return flushed(process, epoch, position, lease=0)


def flushed(process: Process, epoch: int, position: int, lease: int) -> Process:
    """The process with an empty L1, at a position in which nothing older may be kept."""
    return process._replace(
        kept=None,
        applied=position,
        lease=lease,
        changed=(position,) * len(process.changed),
        epoch=epoch,
        poll=None,
    )


def changed_at(process: Process, tags: tuple[int, ...], position: int) -> Process:
    """The process after it has learnt that these tags changed at a position."""
    changed = process.changed
    for tag in tags:
        changed = put(changed, tag, max(changed[tag], position))
    return process._replace(changed=changed)


def last_change(process: Process, plan: Plan) -> int:
    """The position of the last change that this process knows of the question's tags."""
    return max(process.changed[tag] for tag in plan.held)


def own_change(process: Process, tags: tuple[int, ...], at: tuple[int, int], plan: Plan) -> Process:
    """Apply an own change at (epoch, position); another epoch's positions say nothing here."""
    process = process._replace(kept=None)
    if process.epoch != at[0] and plan.clauses.epoch:
        return process
    if plan.faults.error:
        process = process._replace(own_change=at[1])
    return changed_at(process, tags, at[1])
