"""What the cache promises, as what must never come about."""

from tests.protocol import valkey as scripts
from tests.protocol.plan import Plan
from tests.protocol.state import Process, Reader, World


def own(world: World, process: int) -> int:
    """The newest version that was acknowledged through this process."""
    return max((a.version for a in world.acknowledged if a.process == process), default=0)


def owed(world: World, plan: Plan, reader: Reader) -> int:
    """The oldest version that a read which starts now may return, by its mode."""
    if reader.mode == "strict":
        return max((a.version for a in world.acknowledged), default=0)
    mine = own(world, reader.process)
    if reader.mode == "own":
        return mine
    since = world.now - plan.bound
    fenced = (a for a in world.acknowledged if a.token is not None)  # else the TTL is the bound
    return max(mine, max((a.version for a in fenced if a.at <= since), default=0))


def too_old(index: int, reader: Reader, version: int, owed: int) -> str:
    """Say which promise a read broke."""
    return f"R{index} ({reader.mode}) returned v{version} and was owed v{owed}"


def stuck(world: World, plan: Plan) -> str | None:
    """Nothing is under way any more, and yet an old version would be served until its TTL."""
    if any(_under_way(world, plan, index) for index in range(len(world.writers))):
        return None
    if any(process.owes for process in world.processes):
        return None  # a touch is still to come
    return _stuck_in_valkey(world, plan) or _stuck_in_memory(world, plan)


def _under_way(world: World, plan: Plan, index: int) -> bool:
    writer = world.writers[index]
    if writer.step not in ("idle", "done", "failed", "crashed"):
        return True
    return writer.request == "under way" and world.now <= plan.commits_until(writer)


def _stuck_in_valkey(world: World, plan: Plan) -> str | None:
    valkey = world.valkey
    entry = valkey.entry
    if entry is None or entry.version >= world.version or scripts.is_busy(valkey, plan):
        return None  # a marker that stands forces a new stamp when it expires
    stamps = tuple(valkey.stamps[tag] for tag in plan.held)
    if 0 in stamps or not scripts.entry_stands(valkey, stamps, plan):
        return None
    return f"L2 holds v{entry.version} for good, the upstream has v{world.version}"


def _stuck_in_memory(world: World, plan: Plan) -> str | None:
    for index, process in enumerate(world.processes):
        kept = process.kept
        if kept is None or kept.version >= world.version:
            continue
        if _serves_for_good(world, process, plan):
            return f"P{index} holds v{kept.version} in L1 for good, upstream is v{world.version}"
    return None


def _serves_for_good(world: World, process: Process, plan: Plan) -> bool:
    """Its lease stands, and no event that would end the entry is still to come."""
    valkey, clauses = world.valkey, plan.clauses
    if world.now >= process.lease or process.poll is not None or process.kept is None:
        return False
    if clauses.epoch and process.epoch != valkey.epoch:
        return False
    if clauses.fill_position and process.kept.position < scripts.last_change(process, plan):
        return False
    overlooked = process.applied < valkey.trimmed and not clauses.dense and not valkey.stream
    return process.applied >= valkey.head or overlooked
