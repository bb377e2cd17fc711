"""What a process does about writes of which Valkey did not hear."""

from collections.abc import Iterator

from tests.protocol import valkey as scripts
from tests.protocol.plan import Plan
from tests.protocol.state import (
    Step,
    World,
    acknowledge,
    spend,
    with_process,
    with_writer,
)


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Pay what is owed: touch, then take note of it. Markers of lost writers come first."""
    for index, process in enumerate(world.processes):
        if process.paying is not None:
            yield _paid(world, plan, index, *process.paying)
        elif process.owes and not _has_lost(world, index):
            yield _pay(world, plan, index)


def _has_lost(world: World, process: int) -> bool:
    return any(w.process == process and w.step == "lost" for w in world.writers)


def begin(world: World, plan: Plan, index: int) -> Step:
    """Go on without Valkey: from now on the process owes it a touch."""
    deadline = world.now + plan.marker_life
    moved = with_writer(world, index, step="begun", deadline=deadline, fenced=False)
    return Step(f"W{index} begins without Valkey", spend(owing(moved, plan, index), "cut_off"))


def return_unended(world: World, plan: Plan, index: int) -> Step:
    """The client has its answer; its token says that Valkey does not know of the end."""
    moved = owing(acknowledge(world, index, None), plan, index)
    return Step(f"W{index} returns to its client without Valkey", moved)


def lost(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Put up the marker that could not be put up before the write left."""
    writer, deadline = world.writers[index], world.now + plan.marker_life
    tags = plan.writes[index].widest
    valkey = scripts.begin(world.valkey, index, tags, deadline, plan)
    process = scripts.adopt(world.processes[writer.process], valkey.epoch, valkey.head, plan)
    process = scripts.own_change(process, tags, (valkey.epoch, valkey.head), plan)
    moved = with_process(with_writer(world, index, step="failed"), writer.process, process)
    label = f"W{index}'s marker is put up late, until {deadline}"
    yield Step(label, moved._replace(valkey=valkey))


def owing(world: World, plan: Plan, writer: int) -> World:
    """From now on this writer's process serves nothing from either tier."""
    index = world.writers[writer].process
    process = world.processes[index]
    debt = process.owes + 1 if plan.clauses.debts_apart else writer + 1
    return with_process(world, index, process._replace(owes=debt))


def _pay(world: World, plan: Plan, index: int) -> Step:
    """Touch what was written without Valkey, now that it can be reached again."""
    stamp, process = world.next_stamp, world.processes[index]
    valkey = scripts.touch(world.valkey, _touched(plan, index), stamp)
    process = scripts.adopt(process, valkey.epoch, valkey.head, plan)
    moved = with_process(world, index, process._replace(paying=(process.owes, valkey.head)))
    moved = moved._replace(valkey=valkey, next_stamp=stamp + 1)
    return Step(f"P{index} touches what it owes: stamp {stamp}", moved)


def _paid(world: World, plan: Plan, index: int, debt: int, position: int) -> Step:
    """Take note of the touch; what has come to be owed meanwhile stays owed."""
    process = world.processes[index]
    process = scripts.own_change(process, _touched(plan, index), (process.epoch, position), plan)
    owes = 0 if process.owes == debt else process.owes
    process = process._replace(owes=owes, paying=None)
    return Step(f"P{index} hears of its touch", with_process(world, index, process))


def _touched(plan: Plan, process: int) -> tuple[int, ...]:
    """The tags of all writes of a process."""
    return tuple(sorted({tag for w in plan.writes if w.process == process for tag in w.widest}))
