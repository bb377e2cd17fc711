"""Series become Plotly figures: pure functions, checked by the plotly package as they are built.

Building one takes about 2 ms, so the check is kept at run time. The package is imported at the
first figure only: it costs 0.1 s and 25 MB, which a worker need not spend. Colours of text, lines
and background are left to the page, which knows whether it is light or dark.
"""

from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from optimizer.domain.series import Point, Window, gaps

# One colour an outcome on every page; blue and orange differ for every kind of colour vision and
# stand out from white and from near-black alike. Blue was answered here, orange by Supabase.
COLOURS = {
    "hit": "#1b80c4",
    "stale": "#7f7fd5",
    "coalesced": "#35a7a0",
    "miss": "#d9730d",
    "bypass": "#8b8f97",
    "error": "#c0315e",
}
PALE_HIT = "rgba(27, 128, 196, 0.42)"  # behind another colour
GAP = "rgba(128, 136, 150, 0.13)"
Span = tuple[datetime, datetime]
WIDE_GAP = 1 / 6  # of the window: from here on a gap is labelled


def hit_rate(window: Window, points: list[Point], zone: tzinfo) -> dict[str, Any]:
    """Hits among hits and misses, as a line that breaks where there was nothing to count."""
    trace = {
        "type": "scatter",
        "name": "hit rate",
        "mode": "lines+markers",
        "x": [local(p.at, zone) for p in points],
        "y": [hit_percent(p) for p in points],
        "connectgaps": False,
        "line": {"color": COLOURS["hit"], "width": 2},
        "marker": {"size": 4},
        "hovertemplate": "%{y:.1f} %<extra></extra>",
    }
    ticks = range(0, 101, 25)
    axis = {"range": [0, 104], "tickvals": [*ticks], "ticktext": [f"{t} %" for t in ticks]}
    return _figure([trace], window, points, zone, {"yaxis": axis})


def calls(window: Window, points: list[Point], zone: tzinfo) -> dict[str, Any]:
    """Calls asked, and in front of them the part that was sent: what stands out was avoided."""
    x = [local(p.at, zone) for p in points]
    asked = [p.counts.asked if p.known else None for p in points]
    sent = [p.counts.sent if p.known else None for p in points]
    traces = [
        _bars("asked", x, asked, PALE_HIT),
        _bars("sent", x, sent, COLOURS["miss"]),
    ]
    most = max((value for value in asked + sent if value), default=0)
    axis = {"range": [0, max(4, most * 1.06)], "separatethousands": True, "tickformat": ",d"}
    return _figure(traces, window, points, zone, {"yaxis": axis, "barmode": "overlay"})


def hit_percent(point: Point) -> float | None:
    """The value drawn and tabled: per cent to one decimal, None where there is none."""
    rate = point.counts.hit_rate
    return None if rate is None or not point.known else round(100 * rate, 1)


def local(at: datetime, zone: tzinfo) -> str:
    """A time as Plotly takes it: it draws the text as it is and shifts no zone."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _bars(name: str, x: list[str], y: list[int | None], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": x,
        "y": y,
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{y:,} %{fullData.name}<extra></extra>",
    }


def _figure(
    traces: list[dict[str, Any]],
    window: Window,
    points: list[Point],
    zone: tzinfo,
    layout: dict[str, Any],
) -> dict[str, Any]:
    import plotly.graph_objects as go

    blank = gaps(points)
    own = {
        "template": _template(),
        "uirevision": window.range.name,  # a poll keeps the zoom, another range does not
        "xaxis": {"range": _edges(window, zone)},
        "shapes": [_shade(window, gap, zone) for gap in blank],
        "annotations": [
            _label(window, (start, end), zone)
            for start, end in blank
            if (end - start) / window.range.length >= WIDE_GAP
        ],
    }
    figure: dict[str, Any] = go.Figure({"data": traces, "layout": {**own, **layout}}).to_dict()
    return figure


def _edges(window: Window, zone: tzinfo) -> list[str]:
    return _around(window, (window.start, window.end), zone)


def _around(window: Window, span: Span, zone: tzinfo) -> list[str]:
    """A stretch as it is drawn: a point stands in the middle of its place on the axis."""
    half = window.range.step / 2
    return [(at - half).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for at in span]


def _shade(window: Window, gap: Span, zone: tzinfo) -> dict[str, Any]:
    start, end = _around(window, gap, zone)
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "yref": "paper",
        "x0": start,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "fillcolor": GAP,
        "line": {"width": 0},
    }


def _label(window: Window, gap: Span, zone: tzinfo) -> dict[str, Any]:
    start, end = gap
    middle = start + (end - start) / 2
    return {
        "text": "no data",
        "x": _around(window, (middle, middle), zone)[0],
        "y": 0.5,
        "yref": "paper",
        "showarrow": False,
    }


@cache
def _template() -> Any:
    """What all figures share."""
    import plotly.graph_objects as go

    clear = "rgba(0, 0, 0, 0)"
    axis = {"zeroline": False, "automargin": True, "fixedrange": True}
    layout = {
        "autosize": True,
        "margin": {"l": 44, "r": 8, "t": 26, "b": 28},
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "font": {"family": "system-ui, sans-serif", "size": 12},
        "hovermode": "x unified",
        "bargap": 0.18,
        "showlegend": False,  # the page's own legend wraps, and is read out
        "xaxis": {**axis, "type": "date", "showgrid": False, "fixedrange": False, "tickangle": 0},
        "yaxis": axis,
    }
    return go.layout.Template(layout=layout)
