"""A rule drawn over the last seven days, and how often it would have fired."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from optimizer.alerts import forecast, series
from optimizer.alerts.telling import lasted, moment
from optimizer.domain.measures import Direction, Metric, Parts, figure, threshold
from optimizer.domain.recency import MINUTE, floor
from optimizer.domain.replay import Replay, Seen, replay
from optimizer.domain.rules import Rule
from optimizer.models import AlertRule, SnapshotRun

SPAN = timedelta(days=7)
WIDTH, HEIGHT = 840, 200  # of the drawing, in its own units
PIECES = 420  # points drawn; each shows the worst of its minutes, so that no dip is lost
OFTEN = (
    "That is more than once a day: put more between the two thresholds, take a longer window, or "
    "let it hold for longer."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What the page shows; coordinates are those of the drawing."""

    fired: int
    known: str  # how much of the week is known
    lines: list[str]  # of points "x,y x,y …"; they break where nothing is known
    bands: list[tuple[float, float]]  # x and width of each alarm
    fire_y: float
    recover_y: float
    fire: str
    recover: str
    top: str
    bottom: str
    first: str
    last: str
    alarms: list[tuple[str, str, str]]  # from, to, lasted
    now: str
    note: str  # what to know of the figure
    width: int = WIDTH
    height: int = HEIGHT


def preview(row: AlertRule, now: datetime, zone: tzinfo) -> Preview:
    """Replay the rule on what is stored; a handful of statements, whatever the traffic."""
    rule = row.as_rule()
    end = series.data_until(now) or floor(now, MINUTE)
    start = end - SPAN
    minutes = _stored(rule, start, end)
    seen = replay(rule, minutes, start, end, forecast.valuer(rule, start, minutes))
    note = OFTEN if seen.fired > SPAN.days else forecast.what_is_billed(rule)
    return drawn(rule, seen, start, end, zone, note)


def _stored(rule: Rule, start: datetime, end: datetime) -> dict[datetime, Parts]:
    if rule.metric is Metric.SNAPSHOT_AGE:
        return _ages(start, end)
    return series.by_minute(rule, start - rule.window, end)


def _ages(start: datetime, end: datetime) -> dict[datetime, Parts]:
    """How late each minute was stored, in seconds since its end."""
    runs = SnapshotRun.objects.filter(minute__gte=start, minute__lt=end)
    return {
        minute: Parts(int((ran - minute - MINUTE).total_seconds()), series.ENOUGH, 1)
        for minute, ran in runs.values_list("minute", "ran_at")
    }


def drawn(
    rule: Rule, seen: Replay, start: datetime, end: datetime, zone: tzinfo, note: str = ""
) -> Preview:
    """The drawing of a replay."""
    values = [s.value for s in seen.seen if s.value is not None]
    low = min([*values, rule.fire_at, rule.recover_at, 0.0])
    high = max([*values, rule.fire_at, rule.recover_at]) or 1.0
    known = len(values) * MINUTE
    alarms = seen.alarms(end)

    def x(at: datetime) -> float:
        return round(WIDTH * ((at - start) / (end - start)), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - (value - low) / (high - low)), 1)

    return Preview(
        fired=seen.fired,
        known=lasted(known) if values else "none",
        lines=[" ".join(f"{x(s.at)},{y(s.value or 0)}" for s in run) for run in _runs(rule, seen)],
        bands=[(x(since), max(2.0, round(x(to) - x(since), 1))) for since, to in alarms],
        fire_y=y(rule.fire_at),
        recover_y=y(rule.recover_at),
        fire=threshold(rule.metric, rule.fire_at),
        recover=threshold(rule.metric, rule.recover_at),
        top=figure(rule.metric, high),
        bottom=figure(rule.metric, low),
        first=moment(start, zone),
        last=moment(end, zone),
        alarms=[(moment(a, zone), moment(b, zone), lasted(b - a)) for a, b in alarms],
        now=seen.seen[-1].phase.replace("_", " ") if seen.seen else "",
        note=note,
    )


def _runs(rule: Rule, seen: Replay) -> list[list[Seen]]:
    """The drawn points, in stretches without a gap."""
    size = max(1, len(seen.seen) // PIECES)
    runs: list[list[Seen]] = [[]]
    for n in range(0, len(seen.seen), size):
        worst = _worst(rule, seen.seen[n : n + size])
        if worst is not None:
            runs[-1].append(worst)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _worst(rule: Rule, piece: list[Seen]) -> Seen | None:
    known = [s for s in piece if s.value is not None]
    if not known:
        return None
    choose = min if rule.direction is Direction.BELOW else max
    return choose(known, key=lambda s: s.value or 0.0)
