"""The bodies of tables as HTML: a year of points has more cells than a template renders in time."""

from collections.abc import Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.content import Cell


def table_body(rows: Iterable[Sequence[Cell]], looks: Sequence[str] = ()) -> SafeString:
    """Rows whose first cell is their head, each column with its class. All is escaped."""
    classes = [f' class="{look}"' if look else "" for look in looks]
    lines = (_row([_inside(cell) for cell in cells], classes) for cells in rows)
    return mark_safe("\n".join(lines))  # noqa: S308 - each cell was escaped


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
