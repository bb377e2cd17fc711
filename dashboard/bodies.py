"""The bodies of tables as HTML: a year of points has more cells than a template renders in time."""

import html
from collections.abc import Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.content import Cell

_ROW, _FIRST, _CELL = "\x1e", "\x1d", "\x1f"  # no cell of a chart holds one of these
_TAGS = {
    _ROW: '</td></tr>\n<tr><th scope="row">',
    _FIRST: "</th><td>",
    _CELL: "</td><td>",
}


def table_body(rows: Iterable[Sequence[Cell]], looks: Sequence[str] = ()) -> SafeString:
    """Rows whose first cell is their head, each column with its class. All is escaped."""
    classes = [f' class="{look}"' if look else "" for look in looks]
    lines = (_row([_inside(cell) for cell in cells], classes) for cells in rows)
    return mark_safe("\n".join(lines))  # noqa: S308 - each cell was escaped


def points_body(rows: Iterable[Sequence[str]]) -> SafeString:
    """The same of a chart's points, which are many: all is escaped in one go."""
    text = _ROW.join(_CELL.join(row).replace(_CELL, _FIRST, 1) for row in rows)
    if not text:
        return SafeString()
    escaped = html.escape(text)
    for sign, tags in _TAGS.items():
        escaped = escaped.replace(sign, tags)
    return mark_safe(f'<tr><th scope="row">{escaped}</td></tr>')  # noqa: S308 - it was escaped


def _row(cells: Sequence[str], classes: Sequence[str]) -> str:
    if not classes:
        return f'<tr><th scope="row">{cells[0]}</th><td>{"</td><td>".join(cells[1:])}</td></tr>'
    pairs = zip(classes[1:], cells[1:], strict=True)
    others = "".join(f"<td{look}>{cell}</td>" for look, cell in pairs)
    return f'<tr><th scope="row"{classes[0]}>{cells[0]}</th>{others}</tr>'


def _inside(cell: Cell) -> str:
    swatch = f'<i class="swatch {escape(cell.colour)}"></i>' if cell.colour else ""
    text = escape(cell.text)
    return f'{swatch}<a href="{escape(cell.href)}">{text}</a>' if cell.href else f"{swatch}{text}"
