"""The protocol keeps its promises in every order of steps, and each clause is needed for that."""

from dataclasses import fields

import pytest

from tests.protocol.clauses import Clauses
from tests.protocol.plan import first
from tests.protocol.scenarios import BEYOND, SCENARIOS, SOUND
from tests.protocol.search import search, steps
from tests.protocol.wide import WIDE

pytestmark = pytest.mark.thorough
CAP = 70_000  # states; every small world is smaller
WIDE_CAP = 1_000_000


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_each_clause_is_needed(scenario):
    """Without it the search finds a broken promise and the steps that lead there."""
    verdict = search(scenario.broken, CAP)
    assert verdict.breach, f"nothing breaks without {scenario.clause}"
    assert verdict.trace


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_with_all_clauses_no_promise_is_broken(scenario):
    """In the same worlds, to the last state."""
    verdict = search(scenario.plan, CAP)
    assert verdict.breach is None, str(verdict)
    assert verdict.complete


@pytest.mark.parametrize("name", SOUND)
def test_other_worlds_are_sound(name):
    """What else the clauses cover."""
    verdict = search(SOUND[name], CAP)
    assert verdict.breach is None, str(verdict)
    assert verdict.complete


@pytest.mark.parametrize("name", BEYOND)
def test_what_only_the_ttl_bounds_is_known(name):
    """Where the assumptions fail the search says so: the model is not blind."""
    assert search(BEYOND[name], CAP).breach


@pytest.mark.slow
@pytest.mark.parametrize("name", WIDE)
def test_no_promise_is_broken_in_a_million_states(name):
    """Deeper, with more happening at once."""
    verdict = search(WIDE[name], WIDE_CAP)
    print(f"{name}: {verdict.states} states, complete: {verdict.complete}")
    assert verdict.breach is None, str(verdict)


def test_every_clause_has_a_scenario():
    """A clause that nothing shows to be needed would be superstition."""
    shown = {scenario.clause for scenario in SCENARIOS}
    assert {field.name for field in fields(Clauses)} == shown


def test_a_trace_can_be_followed_by_hand():
    """Each label of a trace is a possible step after the one before it."""
    scenario = next(s for s in SCENARIOS if s.clause == "own_marker")
    world = first(scenario.broken)
    for label in search(scenario.broken, CAP).trace:
        world = next(s.world for s in steps(world, scenario.broken) if s.label == label)
    assert world.version == 2
