"""The bodies of tables as HTML: a year of points has more cells than a template renders in time."""

from collections.abc import Collection, Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.content import Cell


def table_body(rows: Iterable[Sequence[Cell]], words: Collection[int] = ()) -> SafeString:
    """Rows whose first cell is their head; the columns in `words` are texts. All is escaped."""
    lines = (_row([_inside(cell) for cell in cells], words) for cells in rows)
    return mark_safe("\n".join(lines))  # noqa: S308 - each cell was escaped


def _row(cells: Sequence[str], words: Collection[int]) -> str:
    others = (
        f'<td class="words">{cells[i]}</td>' if i in words else f"<td>{cells[i]}</td>"
        for i in range(1, len(cells))
    )
    return f'<tr><th scope="row">{cells[0]}</th>{"".join(others)}</tr>'


def _inside(cell: Cell) -> str:
    swatch = f'<i class="swatch {escape(cell.colour)}"></i>' if cell.colour else ""
    text = escape(cell.text)
    return f'{swatch}<a href="{escape(cell.href)}">{text}</a>' if cell.href else f"{swatch}{text}"
