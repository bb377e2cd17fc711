"""What a bench found: rows of two figures and a bar, as a table and as JSON. Pure."""

import json
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_OPERATORS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
_BAR = re.compile(r"(<=|>=) (\d+(?:\.\d+)?)")
_HEADS = ("", "ours", "theirs", "ratio", "bar", "holds")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; the bar ("<= 3", ">= 6") is set to `ours / theirs`, None sets none."""

    name: str
    ours: float
    theirs: float
    bar: str | None = None

    def __post_init__(self) -> None:
        if self.bar is not None and not _BAR.fullmatch(self.bar):
            raise ValueError(f"{self.bar!r} is not a bar such as '<= 3' or '>= 6'")

    @property
    def ratio(self) -> float | None:
        """`ours / theirs`; None where theirs is nothing, so that there is no ratio."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def holds(self) -> bool | None:
        """Whether the ratio keeps to the bar; None where there is no bar to keep to."""
        found = _BAR.fullmatch(self.bar or "")
        if found is None:
            return None
        return self.ratio is not None and _OPERATORS[found[1]](self.ratio, float(found[2]))


def passed(rows: Sequence[Row]) -> bool:
    """Whether every row that has a bar keeps to it."""
    return all(row.holds is not False for row in rows)


def table(rows: Sequence[Row]) -> str:
    """The rows for a person, names to the left and figures to the right."""
    lines = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def as_json(bench: str, rows: Sequence[Row]) -> str:
    """The rows for a program, on one line."""
    return json.dumps({"bench": bench, "rows": [_fields(row) for row in rows]}, allow_nan=False)


def _fields(row: Row) -> dict[str, str | float | bool | None]:
    ratio = None if row.ratio is None else round(row.ratio, 4)
    figures = {"ours": round(row.ours, 4), "theirs": round(row.theirs, 4), "ratio": ratio}
    return {"name": row.name, **figures, "bar": row.bar, "holds": row.holds}


def _cells(row: Row) -> tuple[str, ...]:
    holds = {True: "yes", False: "NO", None: "-"}[row.holds]
    ratio = "-" if row.ratio is None else _number(row.ratio)
    return (row.name, _number(row.ours), _number(row.theirs), ratio, row.bar or "-", holds)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([name, *figures])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
