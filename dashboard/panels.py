"""What the overview says, as plain data: the page and its JSON are both drawn from it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any

from dashboard import figures
from dashboard.formats import UNKNOWN, Measure, age, count, duration, percent
from optimizer.domain.counts import Counts
from optimizer.domain.series import CacheFill, Freshness, Point, Window

NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the head of the page."""

    id: str
    label: str
    number: str
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class Table:
    """Exactly the points of a chart, newest first."""

    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, what it shows in words, and its points."""

    id: str
    title: str
    caption: str
    key: list[tuple[str, str]]  # what a colour means: its name in the style sheet, and in words
    figure: dict[str, Any]
    table: Table


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reader must know before the figures: `kind` chooses one of the page's notices."""

    kind: str  # "ok", "waiting", "quiet", "stalled"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the overview shows."""

    range: str
    step: str
    zone: str
    data_until: str | None
    age_seconds: float | None
    notice: Notice
    tiles: list[Tile]
    charts: list[Chart]

    def as_json(self) -> dict[str, Any]:
        """The page as its script receives it."""
        return asdict(self)


def page(
    window: Window,
    points: list[Point],
    total: Counts,
    fresh: Freshness,
    fill: CacheFill | None,
    now: datetime,
    zone: tzinfo,
) -> Page:
    """Put the overview together; `fill` is None where the cache cannot be asked."""
    return Page(
        range=window.range.name,
        step=_step(window),
        zone=str(zone),
        data_until=fresh.data_until.isoformat() if fresh.data_until else None,
        age_seconds=(now - fresh.data_until).total_seconds() if fresh.data_until else None,
        notice=notice(total, fresh, now, zone),
        tiles=tiles(total, fresh, fill, now, zone),
        charts=charts(window, points, zone),
    )


def notice(total: Counts, fresh: Freshness, now: datetime, zone: tzinfo) -> Notice:
    """What is wrong, or what to do next; nothing when all is well."""
    if fresh.ran_at is None:
        return Notice("waiting")
    if fresh.is_stalled(now):
        since = f"{fresh.ran_at.astimezone(zone):%H:%M:%S}, {age(now - fresh.ran_at)} ago"
        return Notice("stalled", f"The last snapshot ran at {since}. Newer figures are missing.")
    if not total.asked:
        return Notice("quiet")
    return Notice("ok")


def tiles(
    total: Counts, fresh: Freshness, fill: CacheFill | None, now: datetime, zone: tzinfo
) -> list[Tile]:
    """The figures that a reader looks for first."""
    looked = total.hits + total.misses
    until = fresh.data_until
    return [
        _tile(
            "hit-rate",
            "Hit rate",
            percent(total.hit_rate),
            f"{count(total.hits)} of {count(looked)} cacheable reads" if looked else "none asked",
        ),
        _tile("asked", "Calls asked", Measure(count(total.asked)), "reads and writes"),
        _tile("sent", "Calls sent", Measure(count(total.sent)), "to Supabase"),
        _tile(
            "avoided",
            "Calls avoided",
            Measure(count(total.avoided)),
            f"{percent(total.avoided_share)} of those asked" if total.asked else "none asked",
        ),
        _answer_time(total),
        _entries(fill),
        _tile(
            "age",
            "Newest data",
            age(now - until if until else None),
            f"old, until {until.astimezone(zone):%H:%M}" if until else "nothing stored yet",
        ),
    ]


def charts(window: Window, points: list[Point], zone: tzinfo) -> list[Chart]:
    """The two charts, each with its table."""
    step = _step(window)
    return [
        Chart(
            "hit-rate",
            "Hit rate",
            f"Share of cacheable reads that the cache answered, each {step}.",
            [("hit", "hits ÷ (hits + misses)")],
            figures.hit_rate(window, points, zone),
            _table(["Hit rate", "Hits", "Misses"], points, zone, _hit_cells),
        ),
        Chart(
            "calls",
            "Calls asked and calls sent",
            f"Each {step}. What stands out behind the orange never reached Supabase.",
            [("pale-hit", "asked"), ("miss", "sent to Supabase")],
            figures.calls(window, points, zone),
            _table(["Asked", "Sent", "Avoided"], points, zone, _call_cells),
        ),
    ]


def _tile(id_: str, label: str, measure: Measure, note: str) -> Tile:
    return Tile(id_, label, measure.number, measure.unit, note)


def _answer_time(total: Counts) -> Tile:
    sent = total.seconds_sent
    note = "nothing to compare" if sent is None else f"{duration(sent)} where Supabase answered"
    return _tile("answer", "Answer time, cached", duration(total.seconds_cached), note)


def _entries(fill: CacheFill | None) -> Tile:
    if fill is None:
        return Tile("entries", "Cache entries", UNKNOWN, "", "the cache does not answer")
    limit = f"of {count(fill.limit)} at most"
    return Tile("entries", "Cache entries", count(fill.active), "", limit)


def _table(
    columns: list[str], points: list[Point], zone: tzinfo, cells: Callable[[Point], list[str]]
) -> Table:
    rows = [
        [_from(point, zone), *(cells(point) if point.known else [NO_DATA, "", ""])]
        for point in reversed(points)
    ]
    return Table([f"From ({zone})", *columns], rows)


def _from(point: Point, zone: tzinfo) -> str:
    """When a piece began, and how much of it is known where that is not all."""
    minutes = int((point.until - point.at).total_seconds() // 60)
    part = f" ({point.minutes} of {minutes} min)" if 0 < point.minutes < minutes else ""
    return figures.local(point.at, zone) + part


def _hit_cells(point: Point) -> list[str]:
    drawn = figures.hit_percent(point)
    rate = "no reads" if drawn is None else f"{drawn:.1f} %"
    return [rate, count(point.counts.hits), count(point.counts.misses)]


def _call_cells(point: Point) -> list[str]:
    counts = point.counts
    return [count(counts.asked), count(counts.sent), count(counts.avoided)]


def _step(window: Window) -> str:
    minutes = int(window.range.step.total_seconds() // 60)
    return {1: "minute", 60: "hour"}.get(minutes, f"{minutes} minutes")
