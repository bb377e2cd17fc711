"""Exhaustive breadth-first search: the shortest way to a broken promise, or none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.protocol import faults, outage, promises, readers, stream, writers
from tests.protocol.plan import Plan, first
from tests.protocol.state import Step, World


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a search found: the broken promise and the steps to it, if any, and how far it went."""

    breach: str | None
    trace: tuple[str, ...]
    states: int
    complete: bool

    def __str__(self) -> str:
        """The trace, a step a line, then the promise that it broke."""
        lines = [f"{place:3} {label}" for place, label in enumerate(self.trace, 1)]
        return "\n".join([f"{self.states} states", *lines, f"  → {self.breach}"])


def steps(world: World, plan: Plan) -> Iterator[Step]:
    """Every step that is possible in this world."""
    if world.now < plan.until:
        yield Step("a tick", world._replace(now=world.now + 1))
    yield from writers.steps(world, plan)
    yield from outage.steps(world, plan)
    yield from stream.steps(world, plan)
    yield from faults.steps(world, plan)
    yield from readers.steps(world, plan)


def search(plan: Plan, cap: int) -> Verdict:
    """Visit up to `cap` states. Only hashes are kept: a trace is found again from them."""
    start = first(plan)
    parents: dict[int, int | None] = {hash(start): None}
    level = [start]
    with _no_collector():
        while level and len(parents) < cap:
            found = _next_level(level, parents, plan, cap)
            if isinstance(found, Verdict):
                return found
            level = found
    return Verdict(None, (), len(parents), complete=not level)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Nothing here refers to itself, so the garbage collector would only cost time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _next_level(
    level: list[World], parents: dict[int, int | None], plan: Plan, cap: int
) -> list[World] | Verdict:
    """The states one step further that were not known yet, or the first broken promise."""
    later = []
    for world in level:
        before = hash(world)
        for label, after, broken in steps(world, plan):
            if broken:
                return Verdict(broken, (*_trace(before, parents, plan), label), len(parents), False)
            after_hash = hash(after)
            if after_hash in parents:
                continue
            parents[after_hash] = before
            if broken := promises.stuck(after, plan):
                return Verdict(broken, _trace(after_hash, parents, plan), len(parents), False)
            later.append(after)
        if len(parents) >= cap:
            return later
    return later


def _trace(last: int, parents: dict[int, int | None], plan: Plan) -> tuple[str, ...]:
    """The labels on the way to a state, by walking it once more."""
    path: list[int] = []
    at: int | None = last
    while at is not None:
        path.append(at)
        at = parents[at]
    world, labels = first(plan), []
    for wanted in reversed(path[:-1]):
        step = next(s for s in steps(world, plan) if hash(s.world) == wanted)
        world = step.world
        labels.append(step.label)
    return tuple(labels)
