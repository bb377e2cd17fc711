"""A rule over stored minutes: what it would have said, had it been there all the time. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from optimizer.domain.measures import Parts, Valuer
from optimizer.domain.recency import MINUTE
from optimizer.domain.rules import Event, Observation, Phase, Rule, State, Transition, step

LAG = timedelta(seconds=70)  # after its end a minute is judged


@dataclass(frozen=True, slots=True)
class Seen:
    """One minute: its figure, and where the rule stood after it."""

    at: datetime
    value: float | None
    phase: Phase


@dataclass(frozen=True, slots=True)
class Replay:
    """The minutes, and the turns with reminders left out."""

    seen: list[Seen]
    turns: list[Transition]

    @property
    def fired(self) -> int:
        """How often it would have fired."""
        return sum(turn.event is Event.FIRED for turn in self.turns)

    def alarms(self, end: datetime) -> list[tuple[datetime, datetime]]:
        """From when to when alarms were open; the last may last until the end."""
        found: list[tuple[datetime, datetime]] = []
        for turn in self.turns:
            if turn.event is Event.FIRED:
                found.append((turn.since, end))
            elif found:
                found[-1] = (turn.since, turn.until)
        return found


def replay(
    rule: Rule,
    minutes: Mapping[datetime, Parts],
    start: datetime,
    end: datetime,
    value: Valuer,
) -> Replay:
    """Judge each minute from start to end; `minutes` begins a window earlier."""
    state, seen, turns = State(Phase.NO_DATA, start), [], []
    for until, parts in _windows(rule, minutes, start, end):
        figure = Observation(until, value(parts, until), parts.bottom)
        known = until - MINUTE in minutes  # an unknown minute is judged by nobody
        if known:
            state, turn = step(rule, state, figure, until + LAG)
            turns += [turn] if turn and turn.event is not Event.REMINDED else []
        seen.append(Seen(until, figure.value if known else None, state.phase))
    return Replay(seen, turns)


def _windows(
    rule: Rule, minutes: Mapping[datetime, Parts], start: datetime, end: datetime
) -> Iterator[tuple[datetime, Parts]]:
    """The sums of the rule's window before each minute's end, one minute in and one out."""
    nothing, sums = Parts(), Parts()
    at = start - rule.window
    while at < end:
        sums.add(minutes.get(at, nothing))
        at += MINUTE
        if at > start:
            yield at, sums
            sums.add(minutes.get(at - rule.window, nothing), -1)
