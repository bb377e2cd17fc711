"""What readers do: start, look, join or fetch, fill, return."""

from collections.abc import Iterator
from typing import Any

from tests.protocol import halves, promises
from tests.protocol import valkey as scripts
from tests.protocol.plan import Look, Plan
from tests.protocol.state import (
    Acknowledged,
    Kept,
    Process,
    Reader,
    Step,
    Stored,
    World,
    put,
    spend,
    with_process,
)


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Every step that a reader may take now."""
    for index, reader in enumerate(world.readers):
        taken = _READER_STEPS.get(reader.step)
        if taken is not None:
            yield from taken(world, plan, index)


def _idle(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Start: what is owed is settled by what was acknowledged until now."""
    reader = world.readers[index]
    if reader.mode == "token":
        yield from (_with_token(world, plan, index, ack) for ack in world.acknowledged)
        return
    own = promises.own(world, reader.process)
    owed = promises.owed(world, plan, reader)
    moved = _at(world, index, step="started", owed=owed, own=own if plan.faults.error else 0)
    yield Step(f"R{index} starts on P{reader.process} ({reader.mode})", moved)


def _with_token(world: World, plan: Plan, index: int, write: Acknowledged) -> Step:
    owed = max(write.version, promises.own(world, world.readers[index].process))
    if write.token is None:
        moved = _at(world, index, step="missed", owed=owed, no_fill=True)
        return Step(f"R{index} starts with a token to bypass", moved)
    moved = _at(world, index, step="started", owed=owed, token=write.token)
    return Step(f"R{index} starts with token {write.token}", moved)


def _started(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Answer from L1 where it may be served unasked, else look L2 up."""
    reader = world.readers[index]
    process = world.processes[reader.process]
    if process.owes and plan.clauses.unfenced_bypass:
        moved = _at(world, index, step="missed", no_fill=True)
        yield Step(f"R{index} bypasses the cache: P{reader.process} owes a touch", moved)
    elif process.kept is not None and _serves_unasked(process, reader, world.now, plan):
        yield _return(world, index, process.kept.version, "from L1")
    elif plan.look is not Look.ONE_SCRIPT:
        yield halves.first(world, plan, index)
    else:
        process = scripts.adopt(process, world.valkey.epoch, world.valkey.head, plan)
        yield from _look(with_process(world, reader.process, process), plan, index)


def _serves_unasked(process: Process, reader: Reader, now: int, plan: Plan) -> bool:
    """Whether L1's entry may be served without asking Valkey."""
    if process.kept is None or now >= process.lease or reader.mode == "strict":
        return False
    if plan.clauses.fill_position and process.kept.position < scripts.last_change(process, plan):
        return False
    if reader.token is None or not plan.clauses.token_compared:
        return True
    epoch, position = reader.token
    same = process.epoch == epoch or not plan.clauses.epoch
    return same and process.applied >= position


def _look(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Hit, or miss: then fetch, or join somebody's fetch."""
    seen = scripts.look(world, plan)
    looked = world._replace(valkey=seen.valkey, next_stamp=seen.next_stamp)
    valkey = seen.valkey
    saw = {
        "stamps": seen.stamps,
        "position": valkey.head,
        "no_fill": seen.no_fill,
        "epoch": valkey.epoch,
    }
    if seen.hit is not None:
        moved = _at(looked, index, step="holding", version=seen.hit, **saw)
        yield Step(f"R{index} hits v{seen.hit} in L2", moved)
    elif valkey.entry and world.faults.revalidate and not plan.clauses.live_stamps:
        stale = spend(world, "revalidate")
        yield _return(stale, index, valkey.entry.version, "while it is revalidated")
    else:
        label = f"R{index} misses: stamps {seen.stamps}, position {valkey.head}"
        label += ", no fill" if seen.no_fill else ""
        yield Step(label, _at(looked, index, step="missed", **saw))
        if plan.joins:
            yield from _joins(looked, plan, index, seen.stamps)


def _joins(world: World, plan: Plan, index: int, stamps: tuple[int, ...]) -> Iterator[Step]:
    """Join a flight of this process under the rule, or wait for another one's value without it."""
    reader = world.readers[index]
    for other_index, other in enumerate(world.readers):
        if other_index == index or other.step not in ("missed", "fetched"):
            continue
        current = other.stamps == stamps and other.epoch == world.valkey.epoch
        if other.process == reader.process:
            allowed = current or not plan.clauses.join_current
        else:
            allowed = not plan.clauses.look_again
        if allowed:
            moved = _at(world, index, step="waiting", joined=other_index)
            yield Step(f"R{index} joins the flight of R{other_index}", moved)


def _missed(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Fetch; where the upstream fails, an older answer may do."""
    moved = _at(world, index, step="fetched", version=world.version)
    yield Step(f"R{index} is read v{world.version} upstream", moved)
    if world.faults.lag and world.version:
        moved = _at(spend(world, "lag"), index, step="fetched", version=world.version - 1)
        yield Step(f"R{index} is read v{world.version - 1} from a replica", moved)
    if world.faults.error:
        yield _upstream_fails(spend(world, "error"), plan, index)


def _upstream_fails(world: World, plan: Plan, index: int) -> Step:
    """Serve what is kept, marked as stale, or hand the error on; these worlds share no flights."""
    reader, entry = world.readers[index], world.valkey.entry
    if entry is None or (plan.clauses.error_rule and not _may_be_stale(world, reader, entry)):
        return Step(f"R{index} gets the upstream's error", _finish(world, index))
    owed = reader.own if reader.mode == "plain" else reader.owed
    return _return(world, index, entry.version, "stale, marked, instead of an error", owed)


def _may_be_stale(world: World, reader: Reader, entry: Stored) -> bool:
    """To no token, on no strict table, and nothing from before this process's own last write."""
    process = world.processes[reader.process]
    known = entry.epoch == process.epoch and entry.position >= process.own_change
    return known and reader.mode not in ("token", "strict")


def _fetched(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Fill L2, and hand the answer to those who joined."""
    reader = world.readers[index]
    moved = _at(world, index, step="holding")
    readers = tuple(
        other._replace(step="handed", version=reader.version, joined=-1)
        if other.step == "waiting" and other.joined == index
        else other
        for other in moved.readers
    )
    moved = moved._replace(readers=readers)
    if reader.no_fill:
        yield Step(f"R{index} keeps v{reader.version} out of L2", moved)
        return
    position = reader.position if plan.faults.error else 0
    entry = Stored(reader.version, reader.stamps, reader.epoch, position)
    moved = moved._replace(valkey=scripts.fill(world.valkey, entry))
    yield Step(f"R{index} fills L2 with v{reader.version} under {reader.stamps}", moved)


def _handed(world: World, plan: Plan, index: int) -> Iterator[Step]:
    yield _return(world, index, world.readers[index].version, "of the flight it joined")


def _holding(world: World, plan: Plan, index: int) -> Iterator[Step]:
    """Fill L1, unless its tags have changed since the look, and return."""
    reader = world.readers[index]
    process = world.processes[reader.process]
    outrun = reader.position < scripts.last_change(process, plan) or reader.epoch != process.epoch
    if reader.no_fill or (outrun and plan.clauses.fill_position):
        yield _return(world, index, reader.version, "and fills no L1")
        return
    process = process._replace(kept=Kept(reader.version, reader.position))
    filled = with_process(world, reader.process, process)
    yield _return(filled, index, reader.version, "and fills L1")


def _return(world: World, index: int, version: int, how: str, owed: int | None = None) -> Step:
    """Hand a version to the caller; less than what is owed is a broken promise."""
    reader = world.readers[index]
    owed = reader.owed if owed is None else owed
    breach = promises.too_old(index, reader, version, owed) if version < owed else None
    return Step(f"R{index} returns v{version} {how}", _finish(world, index), breach)


def _finish(world: World, index: int) -> World:
    reader = world.readers[index]
    done = Reader("done", reader.process, reader.mode)
    return world._replace(readers=put(world.readers, index, done))


def _at(world: World, index: int, **changes: Any) -> World:
    reader: Reader = world.readers[index]._replace(**changes)
    return world._replace(readers=put(world.readers, index, reader))


_READER_STEPS = {
    "idle": _idle,
    "started": _started,
    "half": halves.second,
    "missed": _missed,
    "fetched": _fetched,
    "handed": _handed,
    "holding": _holding,
}
