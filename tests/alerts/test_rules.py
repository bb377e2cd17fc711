"""The rules' state machine: what fires, what does not, and that nothing storms."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice, pairwise
from math import nextafter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.measures import Direction
from optimizer.domain.rules import (
    STALE_AFTER,
    Event,
    Observation,
    Phase,
    Rule,
    State,
    step,
)
from optimizer.models import AlertRule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LAG = timedelta(seconds=70)
START = State(Phase.NO_DATA, NOON)

figures = st.one_of(st.none(), st.floats(min_value=0, max_value=100))
# Seconds until the next look: within a minute, the usual one, and after a break.
pauses = st.sampled_from([30, 60, 60, 60, 90, 600])


def rule(fire=60.0, recover=70.0, hold=5, least=10):
    """A rule with two thresholds and a holding time in minutes."""
    return Rule("", fire, recover, 10 * MINUTE, hold * MINUTE, least)


rules = st.builds(
    lambda low, gap, hold: rule(low, min(100, low + gap), hold),
    st.floats(min_value=0, max_value=100),
    st.floats(min_value=0, max_value=30),
    st.integers(min_value=0, max_value=8),
)


def look(state, value, at, judged_by=None, samples=100):
    """Judge a figure whose newest minute ended at `at`; the new state and the event, if any."""
    seen = Observation(at, value, samples)
    state, turn = step(judged_by or rule(), state, seen, at + LAG)
    return state, turn.event if turn else None


def run(values, judged_by=None, state=START):
    """Judge one figure a minute; the last state, and each event with its time."""
    events = []
    for n, value in enumerate(values):
        state, event = look(state, value, NOON + n * MINUTE, judged_by)
        if event:
            events.append((n, event))
    return state, events


def test_below_for_long_enough_fires_once():
    """Pending first; it fires when the holding time is over, and not again while it lasts."""
    state, events = run([50] * 4)
    assert (state.phase, events) == (Phase.PENDING, [])
    state, events = run([50] * 60)
    assert (state.phase, events) == (Phase.FIRING, [(5, Event.FIRED)])


def test_a_dip_shorter_than_the_holding_time_mails_nobody():
    """Four minutes below and one above begin anew."""
    state, events = run(([50] * 4 + [65]) * 10)
    assert events == []
    assert state.phase is Phase.OK


def test_it_recovers_at_the_upper_threshold_and_tells_how_long_it_lasted():
    """From the first figure below to the first of those that stayed above."""
    state, events = run([50] * 10 + [70] * 5)
    assert (state.phase, events) == (Phase.RECOVERING, [(5, Event.FIRED)])
    seen = Observation(NOON + 15 * MINUTE, 70.0, 100)
    state, turn = step(rule(), state, seen, seen.until + LAG)
    assert (state.phase, state.alarm_since, turn.event) == (Phase.OK, None, Event.RESOLVED)
    assert (turn.since, turn.until) == (NOON, NOON + 10 * MINUTE)
    assert turn.duration == 10 * MINUTE


def test_between_the_thresholds_an_alarm_goes_on():
    """65 % is not below 60, and not recovered at 70 either."""
    state, events = run([50] * 6 + [65] * 60)
    assert (state.phase, len(events)) == (Phase.FIRING, 1)


def test_zero_is_a_figure_and_no_reads_is_none():
    """0 % of many reads fires; no reads at all do not."""
    assert run([0.0] * 10)[1] == [(5, Event.FIRED)]
    state, events = run([None] * 10)
    assert (state.phase, events) == (Phase.NO_DATA, [])


def test_too_few_reads_are_no_data():
    """Nine reads where ten are asked for conclude nothing, ten do."""
    assert look(START, 0.0, NOON, samples=9)[0].phase is Phase.NO_DATA
    assert look(START, 0.0, NOON, samples=10)[0].phase is Phase.PENDING


def test_old_figures_are_no_data():
    """When the snapshot has stopped, its last figure does not keep a rule where it was."""
    state, _ = look(START, 90.0, NOON)
    seen = Observation(NOON, 90.0, 100)
    assert step(rule(), state, seen, NOON + STALE_AFTER)[0].phase is Phase.OK
    late = NOON + STALE_AFTER + timedelta(seconds=1)
    after = step(rule(), state, seen, late)[0]
    assert (after.phase, after.since, after.judged) == (Phase.NO_DATA, late, NOON)


def test_an_alarm_stays_open_through_a_gap():
    """Low before and after the gap: one mail. Recovered after it: that is told."""
    still = [50] * 6 + [None] * 30 + [50] * 30
    assert run(still)[1] == [(5, Event.FIRED)]
    better = [50] * 6 + [None] * 30 + [90] * 6
    assert run(better)[1] == [(5, Event.FIRED), (41, Event.RESOLVED)]


def test_a_holding_time_does_not_run_while_nobody_looks():
    """Low before and after an hour's break of the evaluator is not low for an hour."""
    state, _ = look(START, 50.0, NOON)
    state, event = look(state, 50.0, NOON + 60 * MINUTE)
    assert (state.phase, state.since, event) == (Phase.PENDING, NOON + 60 * MINUTE, None)


def test_judging_a_figure_again_changes_nothing():
    """Two looks at one minute count as one, whatever the time."""
    state, _ = look(START, 50.0, NOON)
    again = step(rule(hold=0), state, Observation(NOON, 40.0, 100), NOON + LAG + MINUTE)
    assert again == (state, None)


def test_a_figure_from_the_future_does_not_block_those_after_it():
    """A clock that was set wrong and put right again does not silence the rule."""
    state, _ = look(START, 90.0, NOON + timedelta(days=1))
    assert look(state, 50.0, NOON)[0].phase is Phase.PENDING


def test_thresholds_in_the_wrong_order_are_refused():
    """Such a rule would fire and recover at one figure."""
    with pytest.raises(ValueError, match="cannot recover below"):
        rule(fire=60, recover=59.9)


def history(judged_by, looks):
    """Judge a figure after each pause; the events with their times, and what was seen."""
    state, at, events, seen = START, NOON, [], []
    for pause, value in looks:
        at += timedelta(seconds=pause)
        state, event = look(state, value, at, judged_by)
        seen.append((at, value))
        if event:
            events.append((at, event))
    return events, seen


looks = st.lists(st.tuples(pauses, figures), max_size=80)


@given(rules, looks)
def test_fired_and_resolved_take_turns(judged_by, looks):
    """No two fire without a recovery between, whatever the series and its gaps."""
    events, _ = history(judged_by, looks)
    kinds = [event for _, event in events]
    assert kinds == list(islice(cycle([Event.FIRED, Event.RESOLVED]), len(kinds)))


@given(rules, looks)
def test_turns_are_a_holding_time_apart(judged_by, looks):
    """So mails cannot come faster than that, however wildly the rate swings."""
    events, _ = history(judged_by, looks)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(events)]
    assert all(gap >= judged_by.hold for gap in gaps)


@given(rules, looks)
def test_it_turns_only_on_what_was_seen_all_through(judged_by, looks):
    """Every figure of the holding time before a turn was known and on the far side."""
    events, seen = history(judged_by, looks)
    for at, event in events:
        held = [value for t, value in seen if at - judged_by.hold <= t <= at]
        assert None not in held
        if event is Event.FIRED:
            assert max(held) < judged_by.fire_at
        else:
            assert min(held) >= judged_by.recover_at


@given(rules, st.lists(st.tuples(pauses, st.floats(0, 1)), max_size=80))
def test_hovering_within_the_hysteresis_mails_at_most_once_each(judged_by, looks):
    """Below the upper threshold all the time, then well again: one fire, one resolve."""
    top = judged_by.recover_at
    hovering = [(pause, min(part * top, nextafter(top, 0))) for pause, part in looks]
    events, _ = history(judged_by, [*hovering, *[(60, 100.0)] * 10])
    kinds = [event for _, event in events]
    assert kinds in ([], [Event.FIRED], [Event.FIRED, Event.RESOLVED])


@given(rules, st.lists(pauses, max_size=80))
def test_no_data_never_fires(judged_by, times):
    """However long it lasts."""
    assert history(judged_by, [(pause, None) for pause in times])[0] == []


def test_a_figure_may_be_bad_above_its_threshold():
    """A slow answer is bad upwards, and recovers downwards."""
    slow = Rule("", 200, 150, MINUTE, 2 * MINUTE, 1, direction=Direction.ABOVE)
    _, events = run([300.0] * 5 + [180.0] * 5 + [150.0] * 4, slow)
    assert events == [(2, Event.FIRED), (12, Event.RESOLVED)]
    with pytest.raises(ValueError, match="cannot recover above"):
        Rule("", 200, 201, MINUTE, MINUTE, 1, direction=Direction.ABOVE)


def test_it_keeps_firing_for_longer_than_it_took():
    """Five minutes to fire, twenty to recover."""
    patient = replace(rule(), keep_firing=20 * MINUTE)
    assert run([50] * 10 + [90] * 19, patient)[1] == [(5, Event.FIRED)]
    assert run([50] * 10 + [90] * 22, patient)[1] == [(5, Event.FIRED), (30, Event.RESOLVED)]


def test_an_open_alarm_is_spoken_of_again_with_figures_or_without():
    """Every quarter of an hour, until it is over; then no more."""
    told = replace(rule(), remind=15 * MINUTE)
    state, at, events = START, NOON, []
    for n in range(90):
        at = NOON + n * MINUTE
        value = None if 30 <= n < 60 else 50.0 if n < 70 else 90.0
        state, event = look(state, value, at, told)
        events += [(n, event)] if event else []
    assert [event for _, event in events] == [Event.FIRED, *[Event.REMINDED] * 4, Event.RESOLVED]


def test_a_figure_that_cannot_be_read_is_an_error_and_no_figure():
    """Nothing fires and nothing recovers meanwhile."""
    state, _ = run([50] * 10)
    broken = Observation(NOON + 10 * MINUTE, None, 0, "DataError: overflow")
    state, turn = step(rule(), state, broken, NOON + 11 * MINUTE)
    assert (state.phase, state.alarm_since, turn) == (Phase.ERROR, NOON, None)
    assert look(state, 50.0, NOON + 12 * MINUTE)[0].phase is Phase.FIRING


def test_an_edit_begins_the_holding_time_anew():
    """Four minutes below the old threshold are none below the new one."""
    state, _ = run([50] * 5)
    edited = rule(fire=55, recover=70)
    for n in range(5, 10):
        state, event = look(state, 50.0, NOON + n * MINUTE, edited)
        assert (state.phase, event) == (Phase.PENDING, None)
    assert look(state, 50.0, NOON + 10 * MINUTE, edited)[1] is Event.FIRED


def test_an_edit_does_not_close_an_alarm_that_is_still_about_the_same():
    """A new threshold decides when it is over."""
    state, _ = run([50] * 10)
    state, event = look(state, 50.0, NOON + 10 * MINUTE, rule(fire=40, recover=45))
    assert (state.phase, event) == (Phase.RECOVERING, None)


def test_an_alarm_about_something_else_is_closed_and_that_is_told():
    """A rule moved to another table does not keep the first one's alarm."""
    state, _ = run([50] * 10)
    moved = replace(rule(), relation="api.invoices")
    state, event = look(state, 90.0, NOON + 10 * MINUTE, moved)
    assert (state.alarm_since, event) == (None, Event.CLOSED)
    assert look(state, 90.0, NOON + 11 * MINUTE, moved)[1] is None


def test_a_clock_set_back_makes_no_reminder_wait_for_it():
    """Told "tomorrow": it is told again now, and then in the usual rhythm."""
    nagging = replace(rule(), remind=30 * MINUTE)
    state, _ = run([50] * 10, nagging)
    state = replace(state, told=NOON + timedelta(days=1))
    state, event = look(state, 50.0, NOON + 10 * MINUTE, nagging)
    assert event is Event.REMINDED
    assert look(state, 50.0, NOON + 11 * MINUTE, nagging)[1] is None
    assert look(state, 50.0, NOON + 41 * MINUTE, nagging)[1] is Event.REMINDED


def test_a_duration_is_never_below_nothing():
    """An alarm that began by a clock that was ahead."""
    state, _ = run([50] * 10)
    state = replace(state, alarm_since=NOON + timedelta(days=1))
    turns = []
    for n in range(10, 20):
        state, turn = step(
            rule(), state, Observation(NOON + n * MINUTE, 90, 99), NOON + n * MINUTE + LAG
        )
        turns += [turn] if turn else []
    assert [(turn.event, turn.duration) for turn in turns] == [(Event.RESOLVED, timedelta(0))]


@pytest.mark.parametrize("seed", range(20))
def test_a_day_of_hovering_around_the_threshold_mails_twice_at_most(seed):
    """Noise that crosses the threshold every few minutes, within the hysteresis."""
    noise = Random(seed)
    values = [60 + noise.uniform(-6, 9.9) for _ in range(24 * 60)]
    assert len(run(values)[1]) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_hovering_mails_twice_at_most_with_the_forms_own_values_too(seed):
    """Reminders included, since these are mails too."""
    usual = AlertRule(fire_at=60, recover_at=70).as_rule()
    noise = Random(seed)
    values = [60 + noise.uniform(-9, 9.9) for _ in range(24 * 60)]
    events = run(values, usual)[1]
    assert 1 <= len(events) <= 2


def test_a_day_of_swinging_across_both_thresholds_mails_nobody():
    """Neither side holds."""
    assert run([50.0, 50.0, 90.0] * 480)[1] == []
