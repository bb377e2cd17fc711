"""What is said of one turn of one rule, in the zone of whoever reads it. Pure."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

from optimizer.domain.measures import MEASURES, Direction, Metric, figure, subject, threshold
from optimizer.domain.recency import MINUTE
from optimizer.domain.request import NAMED
from optimizer.domain.rules import Event, Observation, Rule, Transition

LEAD = timedelta(minutes=10)  # of the time before it began that the chart shows
SHORTEST = timedelta(hours=1)  # that a chart shows


@dataclass(frozen=True, slots=True)
class Reader:
    """In which zone times are told, and where the dashboard is."""

    zone: tzinfo
    base_url: str


@dataclass(frozen=True, slots=True)
class Telling:
    """A headline, its particulars in lines of two columns, a link, and the same for programs."""

    event: str
    headline: str
    lines: list[list[str]]
    link: str
    severity: str = "warning"
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """To keep it until it is told."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The inverse."""
        return cls(**kept)


@dataclass(frozen=True, slots=True)
class Told:
    """A rule by its name, and how much it matters."""

    name: str
    severity: str
    rule: Rule


def turn(about: Told, seen: Observation, what: Transition, now: datetime, to: Reader) -> Telling:
    """What is said of a turn."""
    rule = about.rule
    grave = ["Severity", about.severity]
    lines = [*_story(what, rule, to.zone), *_figures(rule, seen, to.zone), grave]
    return Telling(
        event=what.event,
        headline=f"{about.name}: {_happened(rule, seen, what)}",
        lines=lines,
        link=chart_link(rule, what.since, now, to),
        severity=about.severity,
        data=_data(about, seen, what),
    )


def trial(about: Told, now: datetime, to: Reader) -> Telling:
    """What an operator sends to try whether it arrives."""
    return Telling(
        event=Event.TEST,
        headline=f"{about.name}: a test, nothing has happened",
        lines=[["Sent by hand", moment(now, to.zone)], ["Fires", _thresholds(about.rule)]],
        link=chart_link(about.rule, now, now, to),
        severity=about.severity,
        data={"rule": about.name, "event": Event.TEST, "at": now.isoformat()},
    )


def chart_link(rule: Rule, since: datetime, now: datetime, to: Reader) -> str:
    """The chart from before it began until now, so that the link shows the same next week.

    Zoomed out of it, the page shows the shortest named range that is long enough.
    """
    needed = now - since + rule.window + LEAD
    fitting = next((name for name, (length, _) in NAMED.items() if length >= needed), "1y")
    zoom = f"from={_in_address(now - max(needed, SHORTEST))}&to={_in_address(now)}"
    chart = MEASURES[rule.metric].chart
    return f"{to.base_url.rstrip('/')}/?range={fitting}&{zoom}#{chart}"


def _in_address(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def moment(at: datetime, zone: tzinfo) -> str:
    """A time in the reader's zone, which it names."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone})"


def lasted(span: timedelta) -> str:
    """A duration in days, hours and minutes, without those that are none."""
    minutes = span // MINUTE
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "less than a minute"


def _happened(rule: Rule, seen: Observation, what: Transition) -> str:
    of, value = subject(rule.metric, rule.relation), figure(rule.metric, seen.value)
    if what.event is Event.RESOLVED:
        return f"{of} is back at {value} after {lasted(what.duration)}"
    if what.event is Event.CLOSED:
        return f"the rule was {what.why}; its alarm ends here, whatever became of the trouble"
    if what.event is Event.REMINDED:
        return f"{of} is {value}, for {lasted(what.at - what.since)} now"
    return f"{of} is {value}"


def _story(what: Transition, rule: Rule, zone: tzinfo) -> list[list[str]]:
    if what.event in (Event.RESOLVED, Event.CLOSED):
        whole = f"from {moment(what.since, zone)} to {moment(what.until, zone)}"
        return [["Lasted", f"{lasted(what.duration)}, {whole}"]]
    return [[f"{rule.direction.capitalize()} since", moment(what.since, zone)]]


def _figures(rule: Rule, seen: Observation, zone: tzinfo) -> list[list[str]]:
    until = f" until {moment(seen.until, zone)}" if seen.until else ""
    known = figure(rule.metric, seen.value) + _rests_on(rule, seen.samples)
    return [
        ["Value", f"{known}; {seen.error}" if seen.error else known],
        ["Threshold", _thresholds(rule)],
        ["Window", f"{lasted(rule.window)}{until}"],
    ]


def _rests_on(rule: Rule, samples: int) -> str:
    measure = MEASURES[rule.metric]
    if rule.metric is Metric.SNAPSHOT_AGE:
        return ""
    relation = " of" if measure.value else ", at the pace of"
    return f"{relation} {samples:,} {measure.samples}"


def _thresholds(rule: Rule) -> str:
    below = rule.direction is Direction.BELOW
    better = "at or above" if below else "at or below"
    calm = "as long" if rule.calm == rule.hold else lasted(rule.calm)
    return (
        f"{rule.direction} {threshold(rule.metric, rule.fire_at)} for {lasted(rule.hold)}; "
        f"recovers {better} {threshold(rule.metric, rule.recover_at)} for {calm}"
    )


def _data(about: Told, seen: Observation, what: Transition) -> dict[str, Any]:
    rule = about.rule
    return {
        "rule": about.name,
        "event": what.event,
        "severity": about.severity,
        "metric": rule.metric,
        "unit": MEASURES[rule.metric].unit,
        "relation": rule.relation,
        "value": seen.value,
        "samples": seen.samples,
        "fire": rule.direction,
        "fire_at": rule.fire_at,
        "recover_at": rule.recover_at,
        "window_seconds": rule.window.total_seconds(),
        "since": what.since.isoformat(),
        "until": what.until.isoformat(),
        "at": what.at.isoformat(),
    }
