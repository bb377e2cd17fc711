"""How many requests are under way at once, and who waits for that: bounded, and in turn."""

import asyncio

import pytest

from optimizer.domain.facts import LoadShed
from optimizer.errors import PoolFull, PoolTimeout
from optimizer.upstream.gate import Gate
from optimizer.upstream.transport import Terms
from tests.optimizer.lending import turn


class Crowd:
    """Callers at a gate; `inside` is who came in, in that order."""

    def __init__(self, gate):
        self.gate, self.inside, self.tasks = gate, [], []

    async def come(self, *names):
        """Let callers come, one after the other."""
        for name in names:
            self.tasks.append(asyncio.create_task(self._enter(name)))
        await turn()

    async def _enter(self, name):
        await self.gate.enter(name)
        self.inside.append(name)

    async def go(self, times=1):
        """Let so many leave."""
        for _ in range(times):
            self.gate.leave()
            await turn()

    def refused(self):
        """What the others were told, by their place."""
        ended = [(n, t.exception()) for n, t in enumerate(self.tasks) if t.done()]
        return {n: type(error) for n, error in ended if error}


@pytest.fixture
def crowd(facts):
    """Builds a gate for so many, and so many who wait."""

    def make(places, waiting=1000, seconds=10.0):
        terms = Terms(
            pool_max_connections=places, pool_max_waiting=waiting, pool_wait_timeout=seconds
        )
        return Crowd(Gate(terms, facts))

    return make


async def test_no_more_are_under_way_than_there_are_places(crowd):
    """Who comes later waits."""
    here = crowd(2)
    await here.come("a", "b", "c")
    assert here.inside == ["a", "b"]
    await here.go()
    assert here.inside == ["a", "b", "c"]
    await here.go(2)
    assert (here.gate.in_flight, here.gate.waiting) == (0, 0)


async def test_one_callers_burst_does_not_starve_the_others(crowd):
    """Callers take turns, each in its own order: who comes last waits for one turn, not for 100."""
    here = crowd(1)
    await here.come(*["greedy"] * 100, "b", "c", "b")
    await here.go(5)
    assert here.inside == ["greedy", "greedy", "b", "c", "greedy", "b"]


async def test_a_line_that_is_full_refuses_at_once(crowd, facts):
    """Before memory grows; and it is counted."""
    here = crowd(1, waiting=2)
    await here.come("a", "b", "c", "d")
    assert here.refused() == {3: PoolFull}
    assert facts == [LoadShed("line full")]
    await here.go(3)
    assert here.inside == ["a", "b", "c"]


async def test_in_a_full_line_whoever_fills_it_gives_way(crowd):
    """So a burst is refused, not those whom it would crowd out."""
    here = crowd(1, waiting=4)
    await here.come(*["greedy"] * 5, "b", "greedy")
    assert here.refused() == {4: PoolFull, 6: PoolFull}
    await here.go(4)
    assert here.inside == ["greedy", "greedy", "b", "greedy", "greedy"]


async def test_who_waits_too_long_is_told_so_and_leaves_the_line(crowd, facts):
    """Told apart from a line that is full."""
    here = crowd(1, seconds=0.01)
    await here.come("a", "b")
    await asyncio.wait(here.tasks)
    assert here.refused() == {1: PoolTimeout}
    assert facts == [LoadShed("waited too long")]
    await here.go()
    assert (here.gate.in_flight, here.gate.waiting) == (0, 0)


async def test_one_who_is_cancelled_leaves_no_hole(crowd):
    """Not even where its turn came in the same moment."""
    here = crowd(1)
    await here.come("a", "b", "c")
    here.gate.leave()
    here.tasks[1].cancel()  # its turn has come, and it does not know yet
    await turn()
    assert here.inside == ["a", "c"]
    await here.go()
    assert (here.gate.in_flight, here.gate.waiting) == (0, 0)


async def test_one_who_was_cancelled_is_not_given_a_turn(crowd):
    """Also where the turn comes before it has noticed."""
    here = crowd(1)
    await here.come("a", "b", "c")
    here.tasks[1].cancel()
    here.gate.leave()
    await turn()
    assert here.inside == ["a", "c"]
    assert here.gate.in_flight == 1


async def test_a_place_that_is_given_back_twice_counts_once(crowd):
    """A stream may be closed again."""
    here = crowd(1)
    await here.come("a")
    leave = here.gate.leave_once()
    leave()
    leave()
    assert here.gate.in_flight == 0
