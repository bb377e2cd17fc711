"""Charts become Plotly figures: pure functions, checked by the plotly package as they are built.

The check is kept at run time, but for what would cost and say nothing: it copies the values, which
are numbers or nothing by their type (10 ms for a year in one chart); and it is made once of the
template and of each look of a trace. A test compares the outcome with a figure of which everything
was checked. The package is imported at the first figure only: it costs 0.1 s and 25 MB, which a
worker need not spend. Colours of text, lines and background are left to the page, which knows
whether it is light or dark.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from html import escape
from math import ceil, floor, log10
from typing import Any

from dashboard.charts import Chart, Curve, Kind, Unit
from dashboard.colours import BEFORE, COLOURS, GAP, MARK
from dashboard.marks import Lettered, bundled, written
from optimizer.domain.request import Wanted

Span = tuple[datetime, datetime]
FEW = 6  # counted at most: a tick each, or some would stand at halves
MS = timedelta(milliseconds=1)  # in which the width of a bar without neighbours is given
WIDE_GAP = 1 / 6  # of the range: from here on a gap is labelled
TICKS: dict[Unit, dict[str, Any]] = {
    Unit.COUNT: {"tickformat": ",~d", "separatethousands": True},
    Unit.BYTES: {"tickformat": "~s", "ticksuffix": "B"},
    Unit.PERCENT: {"ticksuffix": " %"},
    Unit.MS: {"ticksuffix": " ms", "separatethousands": True},
}
HOVER = {Unit.COUNT: ":,", Unit.BYTES: ":,", Unit.PERCENT: ":.1f", Unit.MS: ":,.3~f"}


def figure(chart: Chart, marks: Sequence[Lettered] = ()) -> dict[str, Any]:
    """The whole figure, as plain data; raises ValueError for what plotly does not know."""
    import plotly.graph_objects as go

    layout = go.Layout(_layout(chart, marks)).to_plotly_json()
    looks = (_checked(json.dumps(trace)) for trace in _traces(chart))
    traces = zip(looks, _points(chart), strict=True)
    return {
        "data": [{**look, **points} for look, points in traces],
        "layout": {**layout, "template": template()},
    }


@lru_cache(256)
def _checked(trace: str) -> dict[str, Any]:
    """How a trace looks, as plotly has it; the same few are asked for again and again."""
    import plotly.graph_objects as go

    (found,) = go.Figure({"data": [json.loads(trace)]}).to_dict()["data"]
    return dict(found)


def _layout(chart: Chart, marks: Sequence[Lettered]) -> dict[str, Any]:
    wanted = chart.times.wanted
    blank = chart.times.gaps()
    return {
        "xaxis": {"range": _around(wanted, (wanted.start, wanted.end))},
        "yaxis": {**TICKS[chart.unit], **_height(chart)},
        "barmode": "stack" if chart.stacked else "overlay",
        "shapes": [*(_shade(wanted, gap) for gap in blank), *map(line, marks)],
        "annotations": [
            *(_label(wanted, gap) for gap in blank if _is_wide(gap, wanted)),
            *map(flag, bundled(marks, wanted.end - wanted.start)),
        ],
    }


def _traces(chart: Chart) -> Iterator[dict[str, Any]]:
    """How each row of values is drawn, those of the period before in front."""
    for curve in chart.curves:
        yield _trace(chart, curve)
    for curve in chart.curves:
        if curve.before is not None:
            yield _before(chart, curve)


def _points(chart: Chart) -> Iterator[dict[str, Any]]:
    """The values of each trace."""
    x = list(chart.times.labels)
    for curve in chart.curves:
        yield {"x": x, "y": [*map(chart.rounded, curve.values)]}
    began = [written(at, chart.times.wanted.zone) for at in chart.times.before or ()]
    for curve in chart.curves:
        if curve.before is not None:
            yield {"x": x, "y": [*map(chart.rounded, curve.before)], "text": began}


def _trace(chart: Chart, curve: Curve) -> dict[str, Any]:
    drawn = {"name": curve.name, "hovertemplate": _hover(chart.unit)}
    colour = COLOURS[curve.colour]
    if curve.kind is Kind.BAR:
        alone = {"width": 0.8 * (chart.times.step / MS)} if len(chart.times.starts) == 1 else {}
        return {"type": "bar", "marker": {"color": colour, "line": {"width": 0}}, **alone, **drawn}
    look = {"line": {"color": colour, "width": 2}, "marker": {"size": 4}}
    return {"type": "scatter", "mode": "lines+markers", "connectgaps": False, **look, **drawn}


def _before(chart: Chart, curve: Curve) -> dict[str, Any]:
    """The period before, laid over this one: a dashed line, whatever the curve is drawn as."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{curve.name}, period before",
        "connectgaps": False,
        "line": {"color": BEFORE, "width": 1.5, "dash": "dot"},
        "hovertemplate": _hover(chart.unit).replace("<extra>", " (%{text})<extra>"),
    }


def _hover(unit: Unit) -> str:
    sign = f" {unit.sign}" if unit.sign else ""
    return f"%{{y{HOVER[unit]}}}{sign} %{{fullData.name}}<extra></extra>"


def _height(chart: Chart) -> dict[str, Any]:
    """From zero; on a logarithmic axis whole powers of ten around the values."""
    if not chart.log:
        few = chart.unit is Unit.COUNT and _top(chart) <= FEW
        return {"range": [0, _top(chart)], **({"dtick": 1} if few else {})}
    above = [value for value in _heights(chart) if value > 0] or [1]
    least, most = floor(log10(min(above))), ceil(log10(max(above)))
    return {"type": "log", "dtick": 1, "range": [least, max(most, least + 1)]}


def _top(chart: Chart) -> float:
    """A little above the highest; whole where counts are small, so that no tick is a half."""
    if chart.unit is Unit.PERCENT:
        return 104
    highest = max(_heights(chart), default=0)
    least = 4 if chart.unit is Unit.COUNT else 1
    return max(least, highest * 1.06)


def _heights(chart: Chart) -> Iterator[float]:
    rows = [curve.values for curve in chart.curves]
    if chart.stacked:
        yield from (sum(value or 0 for value in values) for values in zip(*rows, strict=True))
    for values in (*rows, *(curve.before or () for curve in chart.curves)):
        yield from (value for value in values if value is not None)


def _around(wanted: Wanted, span: Span) -> list[str]:
    """A stretch as it is drawn: a point stands in the middle of its place on the axis."""
    half = timedelta(minutes=wanted.step) / 2
    return [(at - half).astimezone(wanted.zone).strftime("%Y-%m-%d %H:%M:%S") for at in span]


def _is_wide(gap: Span, wanted: Wanted) -> bool:
    return (gap[1] - gap[0]) / (wanted.end - wanted.start) >= WIDE_GAP


def _shade(wanted: Wanted, gap: Span) -> dict[str, Any]:
    start, end = _around(wanted, gap)
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


def _label(wanted: Wanted, gap: Span) -> dict[str, Any]:
    middle = gap[0] + (gap[1] - gap[0]) / 2
    return {
        "text": "no data",
        "x": _around(wanted, (middle, middle))[0],
        "y": 0.5,
        "yref": "paper",
        "showarrow": False,
    }


def line(mark: Lettered) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": mark.at,
        "x1": mark.at,
        "y0": 0,
        "y1": 1,
        "line": {"color": MARK, "width": 1, "dash": "dash"},
    }


def flag(run: Sequence[Lettered]) -> dict[str, Any]:
    """The letters over one line, or over lines that are close; their words are below the charts."""
    first, last = run[0], run[-1]
    return {
        "text": first.letter if first is last else f"{first.letter}-{last.letter}",
        "hovertext": "<br>".join(escape(f"{mark.at} {mark.text}"[:200]) for mark in run),
        "x": first.at,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
    }


@cache
def template() -> dict[str, Any]:
    """What all figures share, checked once."""
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
    found: dict[str, Any] = go.layout.Template(layout=layout).to_plotly_json()
    return found
