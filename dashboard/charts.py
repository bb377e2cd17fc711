"""A chart as its points: figure, table, CSV and JSON are all made of the same values. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

from dashboard.formats import count
from dashboard.marks import written
from optimizer.domain.request import Wanted
from optimizer.domain.spans import Stretch

Value = int | float | None
NO_DATA = "no data"
NOTHING = "–"  # noqa: RUF001 - a dash: known, but there was nothing to count


class Unit(Enum):
    """What values are in; `digits` behind the point are drawn, tabled and exported alike."""

    COUNT = ("", 0)
    BYTES = ("B", 0)
    PERCENT = ("%", 1)
    MS = ("ms", 3)

    def __init__(self, sign: str, digits: int) -> None:
        self.sign, self.digits = sign, digits


class Kind(Enum):
    """How values are drawn."""

    LINE = "line"
    BAR = "bar"


@dataclass(frozen=True, slots=True)
class Curve:
    """One row of values over time, one a point; None where there is none."""

    name: str
    colour: str  # a name in `dashboard.colours`
    values: Sequence[Value]
    before: Sequence[Value] | None = None  # of the period before, point for point
    kind: Kind = Kind.LINE
    says: str = ""  # in the legend, where the name alone does not say enough


@dataclass(frozen=True, slots=True)
class Times:
    """The points' places on the axis, and how many of the minutes of each are known."""

    wanted: Wanted
    starts: Sequence[datetime]
    ends: Sequence[datetime]
    known: Sequence[int]
    labels: Sequence[str]  # the starts as they are drawn and tabled
    before: Sequence[datetime] | None = None  # where the compared points begin

    @property
    def step(self) -> timedelta:
        """The usual length of a point."""
        return timedelta(minutes=self.wanted.step)

    def written(self, moments: Iterable[datetime]) -> list[str]:
        """Moments for programs: local, with their offset."""
        zone = self.wanted.zone
        return [at.astimezone(zone).isoformat(timespec="minutes") for at in moments]

    def gaps(self) -> list[tuple[datetime, datetime]]:
        """The stretches of which nothing is known, neighbours joined."""
        found: list[tuple[datetime, datetime]] = []
        for start, end, known in zip(self.starts, self.ends, self.known, strict=True):
            if known:
                continue
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
        return found


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: curves of one unit over one range."""

    id: str
    title: str
    caption: str
    unit: Unit
    times: Times
    curves: Sequence[Curve]
    stacked: bool = False  # bars upon each other; else the last stands in front
    wide: bool = False  # over the whole page
    log: bool = False  # on a logarithmic axis: for values that are far apart and above zero
    kind: str = field(default="chart", init=False)

    def header(self) -> list[str]:
        """The heads of the table's columns, with their unit."""
        return [f"From ({self.times.wanted.zone})", *(name for name, _ in self._columns())]

    def rows(self) -> list[list[str]]:
        """The points in words, the newest first."""
        columns = [values for _, values in self._columns()]
        return [self._row(i, columns) for i in reversed(range(len(self.times.starts)))]

    def export(self) -> dict[str, list[Any]]:
        """The points as they are, for CSV and JSON: an empty value where there is none."""
        found: dict[str, list[Any]] = {
            "start": self.times.written(self.times.starts),
            "known_minutes": list(self.times.known),
        }
        if self.times.before is not None:
            found["start_of_period_before"] = self.times.written(self.times.before)
        for name, values in self._columns():
            found[slug(name)] = [*map(self.rounded, values)]
        return found

    def is_empty(self) -> bool:
        """Whether there is nothing to draw at all."""
        return all(value is None for curve in self.curves for value in curve.values)

    def rounded(self, value: Value) -> Value:
        """A value as it is drawn, tabled and exported."""
        if value is None or isinstance(value, int):
            return value
        return round(value, self.unit.digits)

    def _columns(self) -> Iterator[tuple[str, Sequence[Value]]]:
        unit = f" ({self.unit.sign})" if self.unit.sign else ""
        for curve in self.curves:
            yield f"{curve.name}{unit}", curve.values
            if curve.before is not None:
                yield f"{curve.name}, period before{unit}", curve.before

    def _row(self, i: int, columns: Sequence[Sequence[Value]]) -> list[str]:
        known = bool(self.times.known[i])
        cells = [self._cell(values[i], known=known) for values in columns]
        return [self._from(i), *cells]

    def _cell(self, value: Value, *, known: bool) -> str:
        if value is None:
            return NOTHING if known else NO_DATA
        return number(value, self.unit)

    def _from(self, i: int) -> str:
        """When a point begins, and how much of it is known where that is not all."""
        times = self.times
        minutes = (times.ends[i] - times.starts[i]) // timedelta(minutes=1)
        partly = 0 < times.known[i] < minutes
        return (
            f"{times.labels[i]} ({times.known[i]} of {minutes} min)" if partly else times.labels[i]
        )


class Placed(Protocol):
    """A point of a series, as far as its place in time goes."""

    @property
    def stretch(self) -> Stretch: ...
    @property
    def minutes(self) -> int: ...


def times(
    points: Sequence[Placed], wanted: Wanted, before: Sequence[Placed] | None = None
) -> Times:
    """The places of a series' points."""
    return Times(
        wanted,
        [p.stretch.start for p in points],
        [p.stretch.end for p in points],
        [p.minutes for p in points],
        [written(p.stretch.start, wanted.zone) for p in points],
        None if before is None else [p.stretch.start for p in before],
    )


def number(value: Value, unit: Unit) -> str:
    """A value in words, without its unit."""
    if value is None:
        return NOTHING
    if unit.digits == 0:
        return count(round(value))
    text = f"{value:,.{unit.digits}f}"
    return text.rstrip("0").rstrip(".") if unit is Unit.MS else text


def slug(name: str) -> str:
    """A column's name for programs."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().replace("%", "percent")).strip("_")
