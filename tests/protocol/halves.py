"""A look that is not one script: what may happen between its halves."""

from collections.abc import Iterator

from tests.protocol import valkey as scripts
from tests.protocol.plan import Look, Plan
from tests.protocol.state import Reader, Step, Stored, Valkey, World, put


def first(world: World, plan: Plan, index: int) -> Step:
    """Read the stamps and the position, or the entry."""
    seen = scripts.look(world, plan)
    valkey = seen.valkey
    reader = world.readers[index]._replace(
        step="half",
        stamps=seen.stamps,
        position=valkey.head,
        epoch=valkey.epoch,
        seen=valkey.entry if plan.look is Look.ENTRY_FIRST else None,
    )
    looked = world._replace(valkey=valkey, next_stamp=seen.next_stamp)
    return Step(f"R{index} reads half: {seen.stamps}, {valkey.head}", _with(looked, index, reader))


def second(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Read the rest, and judge by both halves."""
    reader = world.readers[index]
    seen = scripts.look(world, plan)
    valkey, busy = seen.valkey, scripts.is_busy(seen.valkey, plan)
    entry_first = plan.look is Look.ENTRY_FIRST
    stamps = seen.stamps if entry_first else reader.stamps
    entry = reader.seen if entry_first else valkey.entry
    late = plan.look is Look.POSITION_LATE
    reader = reader._replace(
        stamps=stamps,
        position=valkey.head if late else reader.position,
        no_fill=busy,
        epoch=valkey.epoch,
        seen=None,
    )
    looked = world._replace(valkey=valkey, next_stamp=seen.next_stamp)
    if entry is not None and not busy and _stands(entry, stamps, valkey):
        reader = reader._replace(step="holding", version=entry.version)
        yield Step(f"R{index} hits v{entry.version} in L2", _with(looked, index, reader))
    else:
        moved = _with(looked, index, reader._replace(step="missed", version=0))
        yield Step(f"R{index} misses: stamps {stamps}, position {reader.position}", moved)


def _stands(entry: Stored, stamps: tuple[int, ...], valkey: Valkey) -> bool:
    return entry.stamps == stamps and entry.epoch == valkey.epoch


def _with(world: World, index: int, reader: Reader) -> World:
    return world._replace(readers=put(world.readers, index, reader))
