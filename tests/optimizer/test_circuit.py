"""The circuit breaker: it opens for most, not for some, and it finds its way back."""

import pytest

from optimizer.domain.circuit import Circuit, State, Terms
from optimizer.domain.facts import CircuitMoved, LoadShed
from optimizer.errors import CircuitOpen
from optimizer.upstream.breaker import Breaker
from optimizer.upstream.transport import Terms as Limits


def calls(circuit, now, *ends):
    """Admit and report so many calls; how many were admitted."""
    admitted = 0
    for well in ends:
        if circuit.admit(now):
            admitted += 1
            circuit.report(well, now)
    return admitted


@pytest.fixture
def circuit():
    """With the usual terms."""
    return Circuit(Terms())


def opened(circuit, now=0.0):
    """Fail for long enough; it opens at `now`."""
    calls(circuit, now - 2, *[False] * 20)
    calls(circuit, now, False)
    assert circuit.state is State.OPEN


@pytest.mark.parametrize(("calls_then", "state"), [(18, State.CLOSED), (19, State.OPEN)])
def test_a_few_failures_open_nothing(circuit, calls_then, state):
    """Nineteen calls are too few to conclude from."""
    calls(circuit, 0.0, *[False] * calls_then)
    calls(circuit, 2.0, False)
    assert circuit.state is state


def test_an_outage_of_a_moment_opens_nothing(circuit):
    """Whatever the load: a restart is survived by repeating."""
    calls(circuit, 0.0, *[False] * 1000)
    calls(circuit, 1.9, *[False] * 1000)
    calls(circuit, 2.0, *[True] * 2, *[False])
    assert circuit.state is State.CLOSED


@pytest.mark.parametrize(("failures", "state"), [(49, State.CLOSED), (50, State.OPEN)])
def test_half_of_the_calls_must_fail(circuit, failures, state):
    """One slow table does not take the others down."""
    for now in (0.0, 2.0):
        calls(circuit, now, *[True] * (100 - failures), *[False] * failures)
    assert circuit.state is state


def test_what_says_nothing_is_not_counted(circuit):
    """A cancelled call is nobody's fault."""
    calls(circuit, 0.0, *[None] * 100, *[False] * 9)
    calls(circuit, 2.0, *[None] * 100, *[False] * 9)
    assert circuit.state is State.CLOSED


def test_old_failures_are_forgotten(circuit):
    """After two windows at the latest."""
    calls(circuit, 0.0, *[False] * 1000)
    calls(circuit, 4.0, *[False] * 1000)
    assert circuit.state is State.CLOSED


def test_while_it_is_open_nothing_passes_and_then_three_probes_do(circuit):
    """The fourth waits for what they find."""
    opened(circuit)
    assert circuit.opens_in(0.4) == pytest.approx(0.6)
    assert not circuit.admit(0.99)
    assert [circuit.admit(1.0) for _ in range(4)] == [True, True, True, False]
    for _ in range(3):
        circuit.report(True, 1.1)
    assert circuit.state is State.CLOSED
    assert circuit.admit(1.1)


def test_a_probe_that_fails_doubles_the_pause_up_to_a_bound(circuit):
    """And one success too few does not close it."""
    opened(circuit)
    now, pauses = 0.0, []
    for _ in range(7):
        pauses.append(circuit.opens_in(now))
        now += circuit.opens_in(now)
        calls(circuit, now, True, False)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_after_it_closed_the_next_pause_is_short_again(circuit):
    """A new outage is a new one."""
    opened(circuit)
    calls(circuit, 1.0, False)
    calls(circuit, 3.0, True, True, True)
    opened(circuit, 9.0)
    assert circuit.opens_in(9.0) == 1.0


def test_a_probe_that_was_cancelled_frees_its_place(circuit):
    """Else it would never close again."""
    opened(circuit)
    assert calls(circuit, 1.0, None, None, None, None, True, True, True) == 7
    assert circuit.state is State.CLOSED


def test_a_late_failure_of_before_does_not_open_it_twice(circuit):
    """Calls that were under way when it opened end while it is open."""
    opened(circuit)
    for _ in range(5):
        circuit.report(False, 0.5)
    assert circuit.opens_in(0.5) == 0.5


def test_the_breaker_tells_each_move_once_and_each_refusal(clock, facts):
    """What the counts are made of."""
    breaker = Breaker(Limits(), facts, clock)
    for seconds in (*[0] * 19, 2):
        clock.now += seconds
        breaker.enter()
        breaker.report(False)
    for _ in range(2):
        with pytest.raises(CircuitOpen) as refused:
            breaker.enter()
    assert refused.value.retry_in == 1.0
    clock.now += 1
    for _ in range(3):
        breaker.enter()
        breaker.report(True)
    assert [f.state for f in facts.of(CircuitMoved)] == ["open", "half-open", "closed"]
    assert facts.of(LoadShed) == [LoadShed("circuit open")] * 2


def test_a_breaker_that_is_switched_off_lets_everything_through(clock, facts):
    """As the setting says."""
    breaker = Breaker(Limits(breaker_enabled=False), facts, clock)
    for _ in range(100):
        clock.now += 0.1
        breaker.enter()
        breaker.report(False)
    assert facts == []
