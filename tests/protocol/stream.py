"""What processes do with the stream of changes: ask, be answered, apply."""

from collections.abc import Iterator

from tests.protocol import valkey as scripts
from tests.protocol.plan import Plan
from tests.protocol.state import Poll, Process, Reply, Step, Valkey, World, spend, with_process


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Every step of the stream reads that may be taken now."""
    for index in plan.polls:
        process = world.processes[index]
        if process.poll is None:
            if world.now < plan.until:
                yield _with(world, index, Poll(world.now, None), f"P{index} asks for changes")
            continue
        if process.poll.reply is None:
            reply = _answer(world.valkey, process, plan)
            label = f"Valkey answers P{index} up to position {reply.position}"
            yield _with(world, index, Poll(process.poll.sent_at, reply), label)
        else:
            yield _apply(world, index, process.poll, process.poll.reply, plan)
        if world.faults.lost_reply:
            lost = spend(world, "lost_reply")
            yield _with(lost, index, None, f"P{index} loses its stream read")


def _with(world: World, index: int, poll: Poll | None, label: str) -> Step:
    process = world.processes[index]._replace(poll=poll)
    return Step(label, with_process(world, index, process))


def _answer(valkey: Valkey, process: Process, plan: Plan) -> Reply:
    """The events after the process's position, as many as fit; a flush where some are missing."""
    other_epoch = plan.clauses.epoch and process.epoch != valkey.epoch
    if other_epoch or (plan.clauses.dense and process.applied < valkey.trimmed):
        return Reply(True, (), valkey.head, valkey.epoch, True)
    start = max(process.applied, valkey.trimmed)
    events = valkey.stream[start - valkey.trimmed :][: plan.batch] if start < valkey.head else ()
    position = start + len(events) if valkey.head > start else process.applied
    changed = [0] * len(process.changed)
    for place, event in enumerate(events, start + 1):
        for tag in event.tags:
            changed[tag] = place
    caught_up = position >= valkey.head or not plan.clauses.lease_caught_up
    return Reply(False, tuple(changed), position, valkey.epoch, caught_up)


def _apply(world: World, index: int, poll: Poll, reply: Reply, plan: Plan) -> Step:
    process = world.processes[index]
    since = poll.sent_at if plan.clauses.lease_from_sending else world.now
    lease = since + plan.bound if reply.caught_up else process.lease
    if reply.epoch < process.epoch:
        applied = process._replace(poll=None)
    elif reply.flush:
        applied = scripts.flushed(process, reply.epoch, reply.position, lease)
    else:
        applied = _applied(process, reply, plan)._replace(lease=max(process.lease, lease))
    label = f"P{index} applies up to {reply.position}, lease to {applied.lease}"
    return Step(label, with_process(world, index, applied))


def _applied(process: Process, reply: Reply, plan: Plan) -> Process:
    """Note the changes, and drop the entry that they end."""
    changed = tuple(max(old, new) for old, new in zip(process.changed, reply.changed, strict=True))
    kept, last = process.kept, max(reply.changed[tag] for tag in plan.held)
    if kept is not None and last and (not plan.clauses.fill_position or kept.position < last):
        kept = None
    return process._replace(
        kept=kept,
        applied=max(process.applied, reply.position),
        changed=changed,
        poll=None,
    )
