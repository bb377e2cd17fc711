"""The checker of histories, on histories whose verdict is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report import passed
from benchmarks.truth import rows
from benchmarks.truth.checker import Rule, Terms, judge
from benchmarks.truth.history import (
    History,
    Kind,
    Mode,
    Operation,
    Outcome,
    Pause,
    line,
    parse,
)

TERMS = Terms(bound=1.0, unknown_for=60.0)
ORDER = {0: (-1, 7, 8)}  # what row 0 held before, then two writes


def read(value, invoked, process=2, **more):
    """A read that took a hundredth of a second."""
    known = {"outcome": Outcome.OK, "mode": Mode.PLAIN, **more}
    kind, number = Kind.READ, int(invoked * 1000)
    return Operation(process, number, 0, kind, known.pop("mode"), 0, value, invoked,
                     invoked + 0.01, **known)  # fmt: skip


def write(value, invoked, returned, process=1, **more):
    """A write that was acknowledged, unless said otherwise."""
    known = {"outcome": Outcome.OK, "mode": Mode.PLAIN, **more}
    return Operation(process, int(invoked * 1000), 0, Kind.WRITE, known.pop("mode"), 0, value,
                     invoked, returned, **known)  # fmt: skip


def found(*operations, orders=ORDER):
    """The rules that these operations break."""
    return {v.rule for v in judge(History(operations, orders), TERMS).violations}


FIRST, SECOND = write(7, 10.0, 10.1), write(8, 20.0, 20.1)


@pytest.mark.parametrize(
    ("seen", "broken"),
    [
        (read(7, 10.2), set()),
        (read(8, 20.05), set()),  # committed and not yet acknowledged: either may be seen
        (read(7, 20.05), set()),
        (read(-1, 10.05, process=1), set()),  # its own, but not yet acknowledged
        (read(-1, 10.2, process=1), {Rule.PROCESS}),
        (read(-1, 10.2, mode=Mode.STRICT), {Rule.STRICT}),
        (read(-1, 10.2, mode=Mode.TOKEN, after=7), {Rule.TOKEN}),
        (read(7, 20.2, mode=Mode.TOKEN, after=7), set()),  # that write, though not the newest
        (read(8, 20.2, mode=Mode.TOKEN, after=7), set()),
        (read(-1, 11.05), set()),  # another process's, within the bound
        (read(-1, 11.2), {Rule.BOUND}),
        (read(-1, 20.2), {Rule.BOUND}),  # the newest write that it missed is young, another is old
        (read(5, 10.2), {Rule.INVENTED}),
        (read(None, 10.2), {Rule.INVENTED}),
        (read(None, 30.0, process=1, outcome=Outcome.FAILED), set()),
    ],
)
def test_a_read_is_held_to_what_it_was_promised(seen, broken):
    """Neither less nor more."""
    assert found(FIRST, SECOND, seen) == broken


def test_staleness_counts_from_the_newest_write_that_was_missed():
    """The bound is held to the oldest one."""
    verdict = judge(History((FIRST, SECOND, read(-1, 20.3), read(8, 20.4)), ORDER), TERMS)
    assert verdict.staleness == [pytest.approx(0.2), 0.0]
    assert verdict.longest == pytest.approx(10.2)


@pytest.mark.parametrize("returned", [None, 20.5])
def test_a_write_of_unknown_outcome_must_be_seen_once_its_marker_has_expired(returned):
    """Until then it may be or not, also for its own process."""
    lost = write(8, 20.0, returned, outcome=Outcome.UNKNOWN)
    assert found(FIRST, lost, read(7, 79.0, process=1), read(8, 79.0)) == set()
    assert found(FIRST, lost, read(7, 80.5, mode=Mode.STRICT)) == {Rule.STRICT}
    assert found(FIRST, lost, read(7, 80.5)) == set()
    assert found(FIRST, lost, read(7, 81.5)) == {Rule.BOUND}


def test_a_write_of_unknown_outcome_that_never_took_effect_binds_nobody():
    """The database alone knows."""
    lost = write(9, 20.0, None, outcome=Outcome.UNKNOWN)
    assert found(FIRST, lost, read(7, 500.0, mode=Mode.STRICT)) == set()


def test_what_a_caller_was_told_of_a_write_must_be_so():
    """Acknowledged but not there, and refused but there."""
    assert found(write(9, 20.0, 20.1)) == {Rule.LOST}
    assert found(replace(SECOND, outcome=Outcome.FAILED)) == {Rule.REFUSED}
    assert found(write(9, 20.0, 20.1, outcome=Outcome.FAILED)) == set()


def test_what_others_missed_of_a_write_without_fence_is_counted_apart():
    """Its own process and its token are promised it all the same."""
    bare = replace(SECOND, unfenced=True)
    late = read(7, 25.1)
    verdict = judge(History((FIRST, bare, late), ORDER), TERMS)
    assert (verdict.violations, verdict.missed_unfenced) == ([], 1)
    assert (verdict.longest, verdict.longest_unfenced) == (0.0, pytest.approx(5.0))
    assert found(FIRST, bare, replace(late, process=1)) == {Rule.PROCESS}
    assert found(FIRST, bare, replace(late, after=8)) == {Rule.TOKEN}


def test_a_read_overlaps_a_write_to_its_row_alone():
    """One that ends before, begins after, or is to another row does not count."""
    elsewhere = replace(SECOND, row=1)
    orders = {0: ORDER[0], 1: (-2, 8)}
    seen = [read(7, 19.9), read(7, 20.05), read(8, 20.2), read(7, 19.995)]
    assert judge(History((FIRST, SECOND, *seen), orders), TERMS).overlapping == 2
    assert judge(History((FIRST, elsewhere, *seen), orders), TERMS).overlapping == 0


steps = st.tuples(
    st.integers(1, 3),  # process
    st.sampled_from(Kind),
    st.integers(0, 2),  # row
    st.sampled_from(Mode),
    st.floats(0.01, 0.4),  # s until it takes effect
    st.floats(0.01, 0.4),  # s until it is answered
)


@st.composite
def truthful(draw):
    """A history of one store that answers each read with what it holds at one moment of it.

    It ends with a write and, later, a read of the same row.
    """
    asked = [*draw(st.lists(steps, max_size=40)), (1, Kind.WRITE, 0, Mode.PLAIN, 0.01, 0.01)]
    asked += [(2, Kind.READ, 0, draw(st.sampled_from(Mode)), 0.01, 0.01)]
    begun = [(0.1 * n, n, step) for n, step in enumerate(asked)]
    orders = {row: [-1 - row] for row in range(3)}
    done = []
    for at, n, (process, kind, row, mode, effect, answer) in sorted(
        begun, key=lambda each: each[0] + each[2][4]
    ):
        if kind is Kind.WRITE:
            orders[row].append(n)
        value, end = orders[row][-1], at + effect + answer
        done.append(Operation(process, n, 0, kind, mode, row, value, at, end, Outcome.OK))
    return History(tuple(done), {row: tuple(order) for row, order in orders.items()})


@given(truthful())
def test_a_store_without_a_cache_breaks_no_rule(history):
    """The checker accuses nobody who tells the truth."""
    verdict = judge(history, TERMS)
    assert (verdict.violations, verdict.longest) == ([], 0.0)


@given(truthful(), st.data())
def test_an_old_answer_after_an_acknowledged_write_is_found(history, data):
    """Wherever in a history it is planted, the rule that it breaks is named."""
    pairs = [
        (r, w)
        for r in history.operations
        for w in history.operations
        if r.kind is Kind.READ and w.kind is Kind.WRITE
        and r.row == w.row and w.returned < r.invoked
    ]  # fmt: skip
    seen, missed = data.draw(st.sampled_from(pairs))
    order = history.orders[seen.row]
    older = data.draw(st.sampled_from(order[: order.index(missed.value)]))
    planted = replace(seen, value=older, after=missed.value)
    operations = tuple(planted if o is seen else o for o in history.operations)
    violations = judge(replace(history, operations=operations), TERMS).violations
    rules = {v.rule for v in violations}
    assert {v.by for v in violations} == {planted}
    assert Rule.TOKEN in rules
    assert (Rule.STRICT in rules) == (seen.mode is Mode.STRICT)
    if seen.process == missed.process:
        assert Rule.PROCESS in rules


def test_a_log_is_read_back_as_it_was_written():
    """An operation's end replaces its beginning; a line that was cut off is passed over."""
    begun = write(7, 10.0, None, outcome=Outcome.UNKNOWN)
    pause = Pause(1, 2.0, 3.5)
    lines = [line(begun), line(pause), line(SECOND), line(replace(begun, returned=10.1)), b'{"num']
    assert parse(lines) == ((replace(begun, returned=10.1), SECOND), (pause,))


def bars(*operations):
    """Whether all bars hold for these operations."""
    verdict = judge(History(operations, ORDER), TERMS)
    return passed(rows.correctness("x", verdict, TERMS))


def test_one_violation_fails_the_bench():
    """So do a read that failed, and a run that checked nothing."""
    assert bars(FIRST, read(7, 10.2, mode=Mode.STRICT))
    assert not bars(FIRST, read(-1, 10.2, mode=Mode.STRICT))
    assert not bars(FIRST, read(-1, 12.0))
    assert not bars(FIRST)
    assert not bars(FIRST, read(7, 10.2), read(None, 10.2, outcome=Outcome.FAILED))
    assert not bars(FIRST, write(9, 20.0, 20.1), read(7, 10.2))


def test_pauses_and_what_went_without_a_fence_are_shown():
    """They fail nothing; what did not happen has no row."""
    bare = replace(SECOND, unfenced=True)
    verdict = judge(History((FIRST, bare, read(7, 25.1)), ORDER), TERMS)
    shown = {
        row.name: (row.ours, row.holds)
        for row in rows.circumstances("x", verdict, [Pause(1, 2.0, 3.5)])
    }
    assert shown == {
        "x: writes without a fence": (1, None),
        "x: reads that missed one of those": (1, None),
        "x: the longest such, s": (pytest.approx(5.0), None),
        "x: pauses of the scheduler": (1, None),
        "x: the longest pause, s": (1.5, None),
    }


@pytest.mark.parametrize(("held", "passes"), [(True, False), (False, True)])
def test_a_run_without_overlaps_and_hits_shows_nothing(held, passes):
    """A checker that checked only Supabase itself must not pass; a short run is not held to it."""
    verdict = judge(History((FIRST, read(7, 10.2)), ORDER), TERMS)
    assert passed(rows.traffic("x", verdict, held)) is passes
