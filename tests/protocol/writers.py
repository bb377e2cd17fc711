"""What writers do: begin, send, wait for the answer, end, return."""

from collections.abc import Iterator

from tests.protocol import outage
from tests.protocol import valkey as scripts
from tests.protocol.plan import Plan, Write
from tests.protocol.state import Step, World, acknowledge, spend, with_process, with_writer


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Every step that a writer, or the upstream for it, may take now."""
    for index, writer in enumerate(world.writers):
        yield from _WRITER_STEPS.get(writer.step, _none)(world, plan, index)
        if writer.request == "under way" and world.now <= plan.commits_until(writer):
            yield _commit(world, index)


def _none(world: World, plan: Plan, index: int) -> Iterator[Step]:
    return iter(())


def _idle(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Add the marker; this process applies its own `begin` at once."""
    writer, deadline = world.writers[index], world.now + plan.marker_life
    tags = _marked(plan, plan.writes[index])
    valkey = scripts.begin(world.valkey, index, tags, deadline, plan)
    process = world.processes[writer.process]
    if plan.clauses.announced:
        process = scripts.adopt(process, world.valkey.epoch, world.valkey.head, plan)
        process = scripts.own_change(process, tags, (valkey.epoch, valkey.head), plan)
    moved = with_writer(world, index, step="begun", deadline=deadline)
    moved = with_process(moved, writer.process, process)._replace(valkey=valkey)
    yield Step(f"W{index} begins, marker until {deadline}", moved)
    if world.faults.cut_off:
        yield outage.begin(world, plan, index)


def _marked(plan: Plan, write: Write) -> tuple[int, ...]:
    return write.widest if plan.clauses.widest_marker else write.known


def _begun(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Send, unless the marker might expire while the write may still take effect."""
    covered = world.now + plan.statement < world.writers[index].deadline
    if covered or not plan.clauses.fence:
        moved = with_writer(world, index, step="sent", sent_at=world.now, request="under way")
        yield Step(f"W{index} sends", moved)
    else:
        yield Step(
            f"W{index} is too late and sends nothing", with_writer(world, index, step="failed")
        )


def _commit(world: World, index: int) -> Step:
    version = world.version + 1
    moved = with_writer(world, index, request="done", version=version)
    return Step(f"the upstream commits W{index}: v{version}", moved._replace(version=version))


def _sent(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Get the answer, or none."""
    writer = world.writers[index]
    if writer.request == "done":
        moved = with_writer(world, index, step="answered", tests=world.valkey.asked)
        yield Step(f"W{index} gets its answer", moved)
    if world.faults.unknown:
        moved = _no_answer(world, plan, index)
        yield Step(f"W{index} gets no answer", spend(moved, "unknown"))


def _no_answer(world: World, plan: Plan, index: int) -> World:
    writer = world.writers[index]
    if not writer.fenced:
        step = "lost" if plan.clauses.late_marker else "failed"
        return outage.owing(with_writer(world, index, step=step), plan, index)
    if not plan.clauses.unknown_waits:
        return with_writer(world, index, step="gave up")
    moved = with_writer(world, index, step="failed")
    return moved if plan.clauses.answer_narrows else _narrowed(moved, plan, index)


def _narrowed(world: World, plan: Plan, index: int) -> World:
    """Leave the marker on what was known beforehand only."""
    known = plan.writes[index].known
    markers = tuple(m for m in world.valkey.markers if m.writer != index or m.tag in known)
    return world._replace(valkey=world.valkey._replace(markers=markers))


def _answered(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """End, or find that Valkey is away; the answer narrows the tags to those that it proves."""
    yield _end(world, plan, index, "returning")
    if not world.writers[index].fenced:
        yield outage.return_unended(world, plan, index)
    elif world.faults.cut_off:
        yield outage.return_unended(spend(world, "cut_off"), plan, index)


def _gave_up(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """End as if the write had been refused."""
    yield _end(world, plan, index, "failed")


def _end(world: World, plan: Plan, index: int, then: str) -> Step:
    stamp, tags = world.next_stamp, plan.proven(index, world.writers[index])
    valkey = scripts.end(world.valkey, index, tags, stamp, plan)
    moved = with_writer(
        world, index, step=then, deadline=0, epoch=valkey.epoch, position=valkey.head
    )
    if then == "returning":
        moved = with_writer(moved, index, sent_at=0)
    moved = moved._replace(valkey=valkey, next_stamp=stamp + 1)
    return Step(f"W{index} ends: stamp {stamp}, position {valkey.head}", moved)


def _returning(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """This process applies its own change, then the client has its answer and a token."""
    writer, at = world.writers[index], (world.writers[index].epoch, world.writers[index].position)
    process = scripts.adopt(world.processes[writer.process], *at, plan)
    process = scripts.own_change(process, plan.proven(index, writer), at, plan)
    token = at if writer.fenced else None
    moved = with_process(acknowledge(world, index, token), writer.process, process)
    yield Step(f"W{index} returns to its client with token {token}", moved)


_WRITER_STEPS = {
    "idle": _idle,
    "begun": _begun,
    "sent": _sent,
    "answered": _answered,
    "lost": outage.lost,
    "gave up": _gave_up,
    "returning": _returning,
}
