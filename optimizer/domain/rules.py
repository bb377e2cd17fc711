"""Alert rules: what a rule makes of the newest figure, given what it knew before.

    OK ── below ──▶ PENDING ── held ──▶ FIRING ── recovered ──▶ RECOVERING ── held ──▶ OK
     any of them ── stale or too few samples ──▶ NO_DATA ──▶ back by the rules above

An alarm opens when PENDING has held and closes when RECOVERING has held; it stays open through
NO_DATA. So no rule fires twice without a recovery between, and two turns are at least the holding
time apart. The time of a figure is the end of its newest minute: judging it again changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# A minute is stored some 85 s after its end at the latest; older figures say nothing of today.
STALE_AFTER = timedelta(minutes=3)


class Phase(StrEnum):
    """Where a rule stands."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"


class Event(StrEnum):
    """What a mail tells."""

    FIRED = "fired"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires below one figure, recovers at another; figures are percent, 0 to 100.

    Raises ValueError where it would recover below the figure at which it fires.
    """

    relation: str  # "" is all of them
    fire_below: float
    recover_above: float
    window: timedelta
    hold: timedelta
    min_samples: int

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order."""
        if self.recover_above < self.fire_below:
            raise ValueError("a rule cannot recover below the figure at which it fires")


@dataclass(frozen=True, slots=True)
class Observation:
    """A figure in percent, None where nothing was counted; `until` ends its newest minute."""

    until: datetime | None
    value: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a rule: `alarm_since` while an alarm is open, the last `judged`."""

    phase: Phase
    since: datetime
    alarm_since: datetime | None = None
    judged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A turn worth a mail: the trouble began at `since` and, once resolved, ended at `until`."""

    event: Event
    since: datetime
    until: datetime
    at: datetime

    @property
    def duration(self) -> timedelta:
        """How long the trouble has lasted."""
        return self.until - self.since


Outcome = tuple[State, Transition | None]


def step(rule: Rule, state: State, seen: Observation, now: datetime) -> Outcome:
    """The next state, and the turn if there is one."""
    if seen.until is None or seen.value is None or not _suffices(rule, seen, seen.until, now):
        return _without_data(state, now), None
    if state.judged is not None and seen.until <= state.judged <= now:
        return state, None
    state = _joined(state, seen.until)
    if state.alarm_since is None:
        return _while_quiet(rule, state, seen.value, seen.until)
    return _while_open(rule, state, state.alarm_since, seen.value, seen.until)


def _suffices(rule: Rule, seen: Observation, until: datetime, now: datetime) -> bool:
    return seen.samples >= rule.min_samples and now - until <= STALE_AFTER


def _without_data(state: State, now: datetime) -> State:
    """Nothing is concluded: an open alarm stays open, a holding time starts anew afterwards."""
    if state.phase is Phase.NO_DATA:
        return state
    return replace(state, phase=Phase.NO_DATA, since=now)


def _joined(state: State, at: datetime) -> State:
    """A holding time does not run through a stretch in which nobody looked."""
    unseen = state.judged is None or not timedelta(0) <= at - state.judged <= STALE_AFTER
    holding = state.phase in (Phase.PENDING, Phase.RECOVERING)
    return replace(state, judged=at, since=at if unseen and holding else state.since)


def _while_quiet(rule: Rule, state: State, value: float, at: datetime) -> Outcome:
    if value >= rule.fire_below:
        return _in(state, Phase.OK, at), None
    state = _in(state, Phase.PENDING, at)
    if at - state.since < rule.hold:
        return state, None
    firing = State(Phase.FIRING, at, alarm_since=state.since, judged=at)
    return firing, Transition(Event.FIRED, state.since, at, at)


def _while_open(rule: Rule, state: State, began: datetime, value: float, at: datetime) -> Outcome:
    if value < rule.recover_above:
        return _in(state, Phase.FIRING, at), None
    state = _in(state, Phase.RECOVERING, at)
    if at - state.since < rule.hold:
        return state, None
    return State(Phase.OK, at, judged=at), Transition(Event.RESOLVED, began, state.since, at)


def _in(state: State, phase: Phase, at: datetime) -> State:
    """The state in a phase, whose time starts now unless it was in it already."""
    return state if state.phase is phase else replace(state, phase=phase, since=at)
