"""Alert rules: what a rule makes of the newest figure, given what it knew before.

    OK ── bad ──▶ PENDING ── held ──▶ FIRING ── recovered ──▶ RECOVERING ── held ──▶ OK
     any of them ── stale or too few samples ──▶ NO_DATA ──▶ back by the rules above
     any of them ── the figure cannot be read ──▶ ERROR ──▶ back by the rules above

An alarm opens when PENDING has held for `hold` and closes when RECOVERING has held for
`keep_firing`; it stays open through NO_DATA and ERROR. So no rule fires twice without an end
between. The time of a figure is the end of its newest minute: judging it again changes nothing. An
edited rule begins its holding times anew; one that watches something else, or is judged no more,
closes its open alarm. A clock that is set back makes no figure, and no reminder, wait for it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from optimizer.domain.measures import Direction, Metric

# A minute is stored some 85 s after its end at the latest; older figures say nothing of today.
STALE_AFTER = timedelta(minutes=3)


class Phase(StrEnum):
    """Where a rule stands."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NO_DATA = "no_data"
    ERROR = "error"


class Event(StrEnum):
    """What a mail tells."""

    FIRED = "fired"
    REMINDED = "reminder"
    RESOLVED = "resolved"
    CLOSED = "closed"  # whatever became of the trouble, the rule does not follow it any more
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires beyond one figure, recovers at another, in the metric's unit.

    `remind` is the time between two reminders; zero: none. Raises ValueError where it would
    recover on the wrong side of the figure at which it fires.
    """

    relation: str  # "" is all of them
    fire_at: float
    recover_at: float
    window: timedelta
    hold: timedelta
    min_samples: int
    metric: Metric = Metric.HIT_RATE
    direction: Direction = Direction.BELOW
    keep_firing: timedelta | None = None  # None: as long as `hold`
    remind: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order."""
        if self.is_bad(self.recover_at):
            raise ValueError(f"a rule cannot recover {self.direction} the figure at which it fires")

    def is_bad(self, value: float) -> bool:
        """Whether a figure is beyond the threshold."""
        return value < self.fire_at if self.direction is Direction.BELOW else value > self.fire_at

    def is_good(self, value: float) -> bool:
        """Whether a figure ends an alarm, once it has held."""
        below = self.direction is Direction.BELOW
        return value >= self.recover_at if below else value <= self.recover_at

    @property
    def calm(self) -> timedelta:
        """For how long a figure must be good before the alarm ends."""
        return self.hold if self.keep_firing is None else self.keep_firing

    @property
    def watched(self) -> str:
        """What it watches: an alarm belongs to that."""
        return f"{self.metric}/{self.relation}/{self.direction}"

    @property
    def terms(self) -> str:
        """All on which holding times depend."""
        return f"{self.watched}/{self.fire_at:g}/{self.recover_at:g}/{self.window}"


@dataclass(frozen=True, slots=True)
class Observation:
    """A figure, None where nothing was counted; `until` ends its newest minute.

    `error` says why it could not be read.
    """

    until: datetime | None
    value: float | None
    samples: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a rule.

    `alarm_since` is set while an alarm is open, `told` is when it was last spoken of, `judged` is
    the newest minute's end, `terms` and `watched` are the rule's own when that was.
    """

    phase: Phase
    since: datetime
    alarm_since: datetime | None = None
    judged: datetime | None = None
    told: datetime | None = None
    watched: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """A turn worth a mail: the trouble began at `since`, and ended or was last seen at `until`.

    Where the rule closed its alarm, `why` says what happened to the rule.
    """

    event: Event
    since: datetime
    until: datetime
    at: datetime
    why: str = ""

    @property
    def duration(self) -> timedelta:
        """How long the trouble has lasted; no less than nothing where the clock was set back."""
        return max(self.until - self.since, timedelta(0))


Outcome = tuple[State, Transition | None]


def step(rule: Rule, state: State, seen: Observation, now: datetime) -> Outcome:
    """The next state, and the turn if there is one."""
    if state.alarm_since is not None and state.watched not in ("", rule.watched):
        return closed(rule, state, "changed", now)
    state = _under(rule, state, now)
    if seen.error or not _suffices(rule, seen, now):
        state = _blind(state, Phase.ERROR if seen.error else Phase.NO_DATA, now)
        return _reminded(rule, state, now)
    if state.judged is not None and _at(seen) <= state.judged <= now:
        return _reminded(rule, state, now)
    return _judged(rule, _joined(state, _at(seen)), seen, now)


def closed(rule: Rule, state: State, why: str, now: datetime) -> Outcome:
    """The rule follows its open alarm no more; without one nothing is told."""
    fresh, began = (
        State(Phase.NO_DATA, now, watched=rule.watched, terms=rule.terms),
        state.alarm_since,
    )
    if began is None:
        return fresh, None
    return fresh, Transition(Event.CLOSED, began, max(began, state.judged or began), now, why)


def _judged(rule: Rule, state: State, seen: Observation, now: datetime) -> Outcome:
    value, at = seen.value or 0.0, _at(seen)
    if state.alarm_since is None:
        return _while_quiet(rule, state, value, at)
    after, turn = _while_open(rule, state, state.alarm_since, value, at)
    return (after, turn) if turn else _reminded(rule, after, now)


def _at(seen: Observation) -> datetime:
    if seen.until is None:
        raise ValueError("a figure without a time cannot be judged")
    return seen.until


def _suffices(rule: Rule, seen: Observation, now: datetime) -> bool:
    known = seen.until is not None and seen.value is not None
    return known and seen.samples >= rule.min_samples and now - _at(seen) <= STALE_AFTER


def _under(rule: Rule, state: State, now: datetime) -> State:
    """A holding time does not outlive the terms under which it ran."""
    if state.terms == rule.terms:
        return state
    holding = state.terms != "" and state.phase in (Phase.PENDING, Phase.RECOVERING)
    phase = (Phase.FIRING if state.alarm_since else Phase.OK) if holding else state.phase
    since = now if holding else state.since
    return replace(state, phase=phase, since=since, terms=rule.terms, watched=rule.watched)


def _blind(state: State, phase: Phase, now: datetime) -> State:
    """Nothing is concluded: an open alarm stays open, a holding time starts anew afterwards."""
    return state if state.phase is phase else replace(state, phase=phase, since=now)


def _reminded(rule: Rule, state: State, now: datetime) -> Outcome:
    """An alarm that stays open is spoken of again, with figures or without."""
    began, told = state.alarm_since, state.told
    if began is None or told is None or not rule.remind:
        return state, None
    if -STALE_AFTER < now - told < rule.remind:
        return state, None
    until = max(began, state.judged or began)
    return replace(state, told=now), Transition(Event.REMINDED, began, until, now)


def _joined(state: State, at: datetime) -> State:
    """A holding time does not run through a stretch in which nobody looked."""
    unseen = state.judged is None or not timedelta(0) <= at - state.judged <= STALE_AFTER
    holding = state.phase in (Phase.PENDING, Phase.RECOVERING)
    return replace(state, judged=at, since=at if unseen and holding else state.since)


def _while_quiet(rule: Rule, state: State, value: float, at: datetime) -> Outcome:
    if not rule.is_bad(value):
        return _in(state, Phase.OK, at), None
    state = _in(state, Phase.PENDING, at)
    if at - state.since < rule.hold:
        return state, None
    firing = replace(state, phase=Phase.FIRING, since=at, alarm_since=state.since, told=at)
    return firing, Transition(Event.FIRED, state.since, at, at)


def _while_open(rule: Rule, state: State, began: datetime, value: float, at: datetime) -> Outcome:
    if not rule.is_good(value):
        return _in(state, Phase.FIRING, at), None
    state = _in(state, Phase.RECOVERING, at)
    if at - state.since < rule.calm:
        return state, None
    calm = replace(state, phase=Phase.OK, since=at, alarm_since=None, told=None)
    return calm, Transition(Event.RESOLVED, began, state.since, at)


def _in(state: State, phase: Phase, at: datetime) -> State:
    """The state in a phase, whose time starts now unless it was in it already."""
    return state if state.phase is phase else replace(state, phase=phase, since=at)
