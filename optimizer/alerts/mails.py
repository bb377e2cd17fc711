"""What a mail says, in plain text and in HTML, from the same lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape

from optimizer.domain.rules import Event, Observation, Rule, Transition
from optimizer.domain.series import MINUTE, RANGES

SUBJECT_LIMIT = 250
Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without its address."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Reader:
    """In which zone times are told, and where the dashboard is."""

    zone: tzinfo
    base_url: str


def alert(
    name: str, rule: Rule, seen: Observation, turn: Transition, now: datetime, reader: Reader
) -> Mail:
    """The mail for a turn of the rule with this name."""
    what, rate = _of(rule), percent(seen.value)
    if turn.event is Event.FIRED:
        headline = f"{name}: hit rate of {what} is {rate}"
        told = ("Below since", moment(turn.since, reader.zone))
    else:
        headline = f"{name}: hit rate of {what} is back at {rate} after {lasted(turn.duration)}"
        told = ("Lasted", f"{lasted(turn.duration)}, {_from_to(turn, reader.zone)}")
    lines = [told, *_figures(rule, seen, reader.zone)]
    return _mail(turn.event, headline, lines, chart_link(rule, turn.since, now, reader))


def trial(name: str, rule: Rule, now: datetime, reader: Reader) -> Mail:
    """The mail by which an operator tries whether mails arrive."""
    lines = [("Sent by hand", moment(now, reader.zone)), ("Fires", _thresholds(rule))]
    headline = f"{name}: a test, nothing has happened"
    return _mail("test", headline, lines, chart_link(rule, now, now, reader))


def chart_link(rule: Rule, since: datetime, now: datetime, reader: Reader) -> str:
    """The chart, at the shortest range that shows the whole story from before it began."""
    needed = now - since + rule.window
    ranges = sorted(RANGES.values(), key=lambda r: r.length)
    fitting = next((r for r in ranges if r.length >= needed), ranges[-1])
    return f"{reader.base_url.rstrip('/')}/?range={fitting.name}#chart-hit-rate"


def percent(value: float | None) -> str:
    """A figure with one digit, or that there is none."""
    return "unknown" if value is None else f"{value:.1f} %"


def moment(at: datetime, zone: tzinfo) -> str:
    """A time in the reader's zone, which it names."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone})"


def lasted(span: timedelta) -> str:
    """A duration in days, hours and minutes, without those that are none."""
    minutes = span // MINUTE
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "less than a minute"


def _figures(rule: Rule, seen: Observation, zone: tzinfo) -> list[Line]:
    until = f" until {moment(seen.until, zone)}" if seen.until else ""
    return [
        ("Value", f"{percent(seen.value)} of {seen.samples:,} cacheable reads"),
        ("Threshold", _thresholds(rule)),
        ("Window", f"{lasted(rule.window)}{until}"),
    ]


def _thresholds(rule: Rule) -> str:
    return (
        f"below {rule.fire_below:g} % for {lasted(rule.hold)}; "
        f"recovers at {rule.recover_above:g} % for as long"
    )


def _of(rule: Rule) -> str:
    return rule.relation or "all tables"


def _from_to(turn: Transition, zone: tzinfo) -> str:
    return f"from {moment(turn.since, zone)} to {moment(turn.until, zone)}"


def _mail(kind: str, headline: str, lines: Sequence[Line], link: str) -> Mail:
    subject = " ".join(f"[Canvalo] {kind.capitalize()}: {headline}".split())
    return Mail(
        subject=subject if len(subject) <= SUBJECT_LIMIT else f"{subject[: SUBJECT_LIMIT - 1]}…",
        text="\n".join([headline, "", *(f"{k}: {v}" for k, v in lines), "", f"Chart: {link}", ""]),
        html=_html(headline, lines, link),
    )


def _html(headline: str, lines: Sequence[Line], link: str) -> str:
    rows = "".join(
        f'<tr><th align="left" style="padding-right:1em">{escape(k)}</th><td>{escape(v)}</td></tr>'
        for k, v in lines
    )
    return (
        f'<!doctype html><html lang="en"><body><h1 style="font-size:1.2em">{escape(headline)}</h1>'
        f'<table>{rows}</table><p><a href="{escape(link)}">Open the chart</a></p></body></html>'
    )
