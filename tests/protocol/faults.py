"""What goes wrong: processes die, Valkey forgets, webhooks come late."""

from collections.abc import Iterator

from tests.protocol import valkey as scripts
from tests.protocol.plan import Plan
from tests.protocol.state import (
    Process,
    Reader,
    Step,
    Valkey,
    World,
    Writer,
    put,
    spend,
    with_process,
)

_MORTAL = ("begun", "sent", "answered")


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Every fault that may still happen now."""
    yield from _crashes(world)
    yield from _losses(world)
    yield from _webhook(world, plan)
    yield from _restarts(world, plan)


def _crashes(world: World) -> Iterator[Step]:
    """A writer's process dies, with all that runs in it, and another takes its place."""
    for index, writer in enumerate(world.writers):
        if world.faults.crash and writer.step in _MORTAL:
            yield Step(f"P{writer.process} dies, W{index} was {writer.step}", _dead(world, index))


def _dead(world: World, index: int) -> World:
    writer: Writer = world.writers[index]
    fresh = Process(
        None, world.valkey.head, 0, (0,) * len(world.valkey.stamps), world.valkey.epoch, None
    )
    world = with_process(spend(world, "crash"), writer.process, fresh)
    writers = put(world.writers, index, writer._replace(step="crashed"))
    readers = tuple(_died(reader, writer.process) for reader in world.readers)
    return world._replace(writers=writers, readers=readers)


def _died(reader: Reader, process: int) -> Reader:
    alive = reader.process != process or reader.step in ("idle", "done")
    return reader if alive else reader._replace(step="dead")


def _losses(world: World) -> Iterator[Step]:
    """Valkey loses a stamp, a marker or the stream."""
    valkey = world.valkey
    if world.faults.evict_stamp and any(valkey.stamps):
        stamps = (0,) * len(valkey.stamps)
        yield _lose(world, "evict_stamp", valkey._replace(stamps=stamps))
    if world.faults.evict_marker and valkey.markers:
        yield _lose(world, "evict_marker", valkey._replace(markers=()))
    if world.faults.trim and valkey.stream:
        yield _lose(world, "trim", valkey._replace(stream=(), trimmed=valkey.head))


def _lose(world: World, fault: str, valkey: Valkey) -> Step:
    return Step(f"fault: {fault}", spend(world, fault)._replace(valkey=valkey))


def _webhook(world: World, plan: Plan) -> Iterator[Step]:
    """The database tells of a commit: late, or more than once."""
    if not (world.version and world.faults.webhook):
        return
    valkey, stamp = world.valkey, world.next_stamp
    if not plan.clauses.own_marker:
        valkey = valkey._replace(markers=())
    valkey = scripts.touch(valkey, plan.tags, stamp)
    moved = spend(world, "webhook")._replace(valkey=valkey, next_stamp=stamp + 1)
    yield Step(f"a webhook touches: stamp {stamp}", moved)


def _restarts(world: World, plan: Plan) -> Iterator[Step]:
    """Valkey comes back, empty or from an older copy, in a new epoch."""
    epoch, until = world.valkey.epoch + 1, world.now + plan.marker_life
    if world.faults.restart:
        stamps = (0,) * len(world.valkey.stamps)
        empty = Valkey(epoch, until, stamps, (), None, (), 0, asked=not plan.by_filters)
        yield _lose(world, "restart", empty)
    if not world.faults.failover:
        return
    if world.copy is None:
        yield Step("a replica copies", world._replace(copy=world.valkey))
    else:
        older = world.copy._replace(epoch=epoch, quarantined_until=until)
        yield _lose(world._replace(copy=None), "failover", older)
