"""A time line: for each row, when something held; drawn, tabled and exported alike. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any

from dashboard.colours import COLOURS
from dashboard.figures import flag, line, template
from dashboard.formats import span_said
from dashboard.marks import Lettered, bundled, written
from optimizer.domain.request import Wanted

SHORT = 22  # characters of a row's name beside the drawing
STILL = "still"
FEW = 5  # rows


@dataclass(frozen=True, slots=True)
class Held:
    """Something that held of a row; `end` is None where it still does."""

    row: str
    what: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches over one range, the newest first; `looks` says the colour of what held.

    What has no look is in the table and the exports, and is drawn as nothing: all was well.
    """

    id: str
    title: str
    caption: str
    wanted: Wanted
    names: Sequence[str]  # of the rows, from the top
    held: Sequence[Held]
    looks: Mapping[str, str]
    now: datetime
    wide: bool = True
    kind: str = field(default="chart", init=False)

    @property
    def low(self) -> bool:
        """Whether few rows need but little height."""
        return len(self.names) <= FEW

    def key(self) -> list[tuple[str, str]]:
        """What each colour means."""
        by_colour: dict[str, list[str]] = {}
        for what, colour in self.looks.items():
            by_colour.setdefault(colour, []).append(what)
        return [(colour, " or ".join(whats)) for colour, whats in by_colour.items()]

    def header(self) -> list[str]:
        """The heads of the table's columns."""
        zone = self.wanted.zone
        return ["Rule", "Stood at", f"From ({zone})", f"To ({zone})", "For"]

    def rows(self) -> list[list[str]]:
        """The stretches in words."""
        return [self.row(one) for one in self.held]

    def export(self) -> dict[str, list[Any]]:
        """The stretches as they are; an empty end is none yet."""
        zone = self.wanted.zone

        def told(at: datetime | None) -> str | None:
            return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")

        return {
            "row": [one.row for one in self.held],
            "what": [one.what for one in self.held],
            "start": [told(one.start) for one in self.held],
            "end": [told(one.end) for one in self.held],
            "seconds": [int(self.lasted(one).total_seconds()) for one in self.held],
        }

    def lasted(self, one: Held) -> timedelta:
        """How long, up to now where it still does."""
        return max(timedelta(0), (one.end or self.now) - one.start)

    def drawn(self, what: str) -> Iterator[tuple[Held, datetime, timedelta]]:
        """The part within the range of each stretch: where it begins, and how long it is."""
        for one in self.held:
            start, end = (
                max(one.start, self.wanted.start),
                min(one.end or self.now, self.wanted.end),
            )
            if one.what == what and end > start:
                yield one, start, end - start

    def row(self, one: Held) -> list[str]:
        """One stretch in words."""
        zone = self.wanted.zone
        end = f"{one.end.astimezone(zone):%Y-%m-%d %H:%M}" if one.end else STILL
        start = f"{one.start.astimezone(zone):%Y-%m-%d %H:%M}"
        return [one.row, one.what, start, end, span_said(self.lasted(one))]


def timeline_figure(line_: Timeline, marks: Sequence[Lettered] = ()) -> dict[str, Any]:
    """The whole figure, as plain data; raises ValueError for what plotly does not know."""
    import plotly.graph_objects as go

    traces = [_trace(line_, what) for what in line_.looks]
    built = go.Figure({"data": traces, "layout": _layout(line_, marks)})
    found: dict[str, Any] = built.to_dict()
    return found


def _trace(line_: Timeline, what: str) -> dict[str, Any]:
    found = list(line_.drawn(what))
    zone = line_.wanted.zone
    return {
        "type": "bar",
        "orientation": "h",
        "name": what,
        "y": [one.row for one, _, _ in found],
        "base": [written(start, zone) for _, start, _ in found],
        "x": [length / timedelta(milliseconds=1) for _, _, length in found],
        "width": 0.5,
        "marker": {"color": COLOURS[line_.looks[what]], "line": {"width": 0}},
        "text": [escape(" · ".join(line_.row(one))) for one, _, _ in found],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _layout(line_: Timeline, marks: Sequence[Lettered]) -> dict[str, Any]:
    wanted, names = line_.wanted, list(line_.names)
    return {
        "template": template(),
        "hovermode": "closest",
        "barmode": "overlay",
        "xaxis": {"range": [written(at, wanted.zone) for at in (wanted.start, wanted.end)]},
        "yaxis": {
            "type": "category",
            "categoryarray": names,
            "range": [max(1, len(names)) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": names,
            "ticktext": [escape(_short(name)) for name in names],
        },
        "shapes": [line(mark) for mark in marks],
        "annotations": [*map(flag, bundled(marks, wanted.end - wanted.start))],
    }


def _short(name: str) -> str:
    return name if len(name) <= SHORT else f"{name[: SHORT - 1]}…"
