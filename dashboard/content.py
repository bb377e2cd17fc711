"""What stands on a page, as plain data: the page, its JSON and its exports are made of it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dashboard.charts import Chart
from dashboard.colours import COLOURS
from dashboard.figures import figure
from dashboard.formats import UNKNOWN, Measure
from dashboard.marks import Lettered
from dashboard.timelines import Timeline, timeline_figure

Raw = str | int | float | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the head of a page."""

    id: str
    label: str
    number: str
    unit: str = ""
    note: str = ""
    change: str = ""  # against the period before, where that is compared


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a listing: in words, and as it is for sorting and for programs."""

    text: str
    raw: Raw = None
    href: str = ""
    colour: str = ""  # a name in `dashboard.colours`, drawn before the text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a listing; `key` sorts by it and names it in exports."""

    key: str
    label: str
    numeric: bool = True  # numbers stand right and sort from the largest
    sortable: bool = True
    long: bool = False  # a text that may break anywhere

    @property
    def look(self) -> str:
        """Its class in the style sheet."""
        return "words long" if self.long else "" if self.numeric else "words"


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows to look through, one a relation, shape, batch or alert."""

    id: str
    title: str
    caption: str
    columns: Sequence[Column]
    cells: Sequence[Sequence[Cell]]
    sort: str | None = None  # a column's key, "-" before it for the largest first; None: as given
    empty: str = "Nothing in this range."
    kind: str = field(default="listing", init=False)

    def sorted_cells(self) -> list[Sequence[Cell]]:
        """The rows in their order; what has no value is last either way."""
        sort = self.sort or ""
        key = sort.removeprefix("-")
        if key not in [column.key for column in self.columns if self._sorts_by(column)]:
            return list(self.cells)
        at = [column.key for column in self.columns].index(key)
        with_value = [row for row in self.cells if row[at].raw is not None]
        without = [row for row in self.cells if row[at].raw is None]
        down = sort.startswith("-")
        return sorted(with_value, key=lambda row: _rank(row[at].raw), reverse=down) + without

    def heads(self) -> list[dict[str, Any]]:
        """The columns with what a click on each sorts by, and how it is sorted now."""
        return [self._head(column) for column in self.columns]

    def export(self) -> dict[str, list[Any]]:
        """The rows as they are, for CSV and JSON."""
        rows = self.sorted_cells()
        return {column.key: [row[at].raw for row in rows] for at, column in enumerate(self.columns)}

    def _sorts_by(self, column: Column) -> bool:
        return column.sortable and self.sort is not None

    def _head(self, column: Column) -> dict[str, Any]:
        orders = {column.key: "ascending", f"-{column.key}": "descending"}
        told = {"sortable": self._sorts_by(column), "sorted": orders.get(self.sort or "", "")}
        first, second = column.key, f"-{column.key}"
        if column.numeric:
            first, second = second, first
        then = second if self.sort == first else first
        return {**asdict(column), **told, "look": column.look, "then": then}


@dataclass(frozen=True, slots=True)
class Note:
    """Some words between charts."""

    id: str
    title: str
    paragraphs: Sequence[str]
    links: Sequence[tuple[str, str]] = ()  # words and address
    kind: str = field(default="note", init=False)


Drawn = Chart | Timeline
Section = Drawn | Listing | Note


@dataclass(frozen=True, slots=True)
class Content:
    """What a page shows of a range."""

    tiles: Sequence[Tile] = ()
    sections: Sequence[Section] = ()
    empty: bool = False  # nothing happened in the range: the page says what to do

    def find(self, id_: str) -> Drawn | Listing | None:
        """The chart or listing with this id, for its export."""
        for section in self.sections:
            if section.id == id_ and not isinstance(section, Note):
                return section
        return None


def tile(id_: str, label: str, measure: Measure, note: str = "", change: str = "") -> Tile:
    """A tile of a measure."""
    said = "" if measure.number == UNKNOWN else change
    return Tile(id_, label, measure.number, measure.unit, note, said)


def text_cell(text: str) -> Cell:
    """A cell of words, which are what is sorted by and exported."""
    return Cell(text, text)


def link(text: str, href: str) -> Cell:
    """A cell that leads somewhere."""
    return Cell(text, text, href)


def cell(measure: Measure | str, raw: Raw) -> Cell:
    """A cell of a measure, sorted by the value behind it."""
    return Cell(str(measure), raw)


def as_json(content: Content, marks: Sequence[Lettered]) -> dict[str, Any]:
    """What the page's script draws and fills in."""
    return {
        "tiles": [asdict(tile) for tile in content.tiles],
        "charts": list(_charts(content, marks)),
        "listings": list(_listings(content)),
    }


def figures(content: Content, marks: Sequence[Lettered]) -> dict[str, Any]:
    """The part of the JSON that the page itself does not hold in its HTML."""
    charts = (section for section in content.sections if isinstance(section, Drawn))
    return {"charts": [_once(chart, _figure(chart, marks)) for chart in charts]}


def _once(chart: Drawn, whole: dict[str, Any]) -> dict[str, Any]:
    """A figure whose traces share their places, which are most of its weight; if they do."""
    if isinstance(chart, Timeline):
        return {"id": chart.id, "figure": whole}
    data = [{k: v for k, v in trace.items() if k != "x"} for trace in whole["data"]]
    return {"id": chart.id, "x": list(chart.times.labels), "figure": {**whole, "data": data}}


def legend(chart: Drawn) -> list[tuple[str, str]]:
    """What a colour means: its name in the style sheet, and in words."""
    if isinstance(chart, Timeline):
        return chart.key()
    key = [(c.colour, c.says or c.name) for c in chart.curves if c.colour in COLOURS]
    compared = any(curve.before is not None for curve in chart.curves)
    return [*key, *([("before", "period before")] if compared else [])]


def _charts(content: Content, marks: Sequence[Lettered]) -> Iterator[dict[str, Any]]:
    for chart in content.sections:
        if isinstance(chart, Drawn):
            rows = [[{"text": text} for text in row] for row in chart.rows()]
            yield {"id": chart.id, "figure": _figure(chart, marks), "rows": rows}


def _figure(chart: Drawn, marks: Sequence[Lettered]) -> dict[str, Any]:
    if isinstance(chart, Timeline):
        return timeline_figure(chart, marks)
    return figure(chart, marks)


def _listings(content: Content) -> Iterator[dict[str, Any]]:
    for listing in content.sections:
        if isinstance(listing, Listing):
            rows = [
                [{"text": cell.text, "href": cell.href, "colour": cell.colour} for cell in row]
                for row in listing.sorted_cells()
            ]
            yield {"id": listing.id, "rows": rows}


def _rank(raw: Raw) -> tuple[int, Any]:
    """Numbers by size, texts by letter, whatever their case."""
    return (1, raw.casefold()) if isinstance(raw, str) else (0, raw)
