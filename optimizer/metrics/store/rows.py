"""Tallies as rows: one statement writes them all, and how a row is read back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from optimizer.domain import figures, spans
from optimizer.domain.tally import COUNTERS, Key, Tally, packed
from optimizer.models.metrics import KEY, Span

COLUMNS = (*KEY, *COUNTERS, "buckets")
_TYPES = {
    **dict.fromkeys(KEY, "text"),  # the table's own lengths then apply
    **dict.fromkeys(("buckets", "cached", "fetched"), "text"),
    **dict.fromkeys(("minute", "start"), "timestamptz"),
    "grain": "smallint",
    "ledger": "text",
}  # everything else is a number
_FIGURES = [*figures.NUMBERS, "cached", "fetched"]
_STALE = """
    INSERT INTO optimizer_span (grain, start, "end", minutes, stale)
    VALUES (%s, %s, %s, 0, true) ON CONFLICT (grain, start) DO UPDATE SET stale = true
"""


def upsert(
    table: str,
    place: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    never_less: bool = False,
) -> int:
    """Write rows under a place (the columns before the key's) as absolute values; how many.

    With `never_less` a row stays where more is counted in it already.
    """
    return _write(table, (*place, *KEY), (*COUNTERS, "buckets"), rows, never_less=never_less)


def _write(
    table: str,
    key: Sequence[str],
    values: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    never_less: bool = False,
) -> int:
    if not rows:
        return 0
    where = "WHERE kept.count <= excluded.count" if never_less else ""
    columns = ", ".join((*key, *values))
    types = ", ".join(f"{name} {_TYPES.get(name, 'bigint')}" for name in (*key, *values))
    excluded = ", ".join(f"excluded.{name}" for name in values)
    statement = f"""
        INSERT INTO {table} AS kept ({columns})
        SELECT {columns} FROM jsonb_to_recordset(%s::jsonb) AS t({types})
        ON CONFLICT ({", ".join(key)}) DO UPDATE SET ({", ".join(values)}) = ({excluded}) {where}
    """  # noqa: S608 - made of this module's own names only
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows)])
        return int(cursor.rowcount)


def row(place: Mapping[str, Any], key: Key, tally: Tally) -> dict[str, Any]:
    """One row for `upsert`."""
    counters = {name: getattr(tally, name) for name in COUNTERS}
    return {**place, **key._asdict(), **counters, "buckets": packed(tally.buckets)}


def tally_of(values: Sequence[Any]) -> tuple[Key, Tally]:
    """A row's COLUMNS as key and tally."""
    key, numbers, buckets = values[:6], values[6:-1], values[-1]
    tally = Tally(*numbers)
    tally.buckets = buckets
    return Key(*key), tally


def write_figures(grain: int, found: Mapping[datetime, Mapping[Key, Tally]]) -> None:
    """Write what charts draw of some spans, computed from all their tallies."""
    rows = [
        {"grain": grain, "start": start.isoformat(), "relation": relation, **_columns(one)}
        for start, tallies in found.items()
        for relation, one in sorted(figures.by_relation(tallies).items())
    ]
    _write("optimizer_spanfigures", ("grain", "relation", "start"), _FIGURES, rows)


def _columns(one: figures.Figures) -> dict[str, Any]:
    numbers = {name: getattr(one, name) for name in figures.NUMBERS}
    return {**numbers, "cached": packed(one.cached), "fetched": packed(one.fetched)}


def mark_stale(grain: int, wanted: Iterable[spans.Stretch]) -> None:
    """Have spans summed again; whoever sums one of them at this moment is waited for."""
    with connection.cursor() as cursor:
        for stretch in sorted(wanted):
            cursor.execute(_STALE, [grain, stretch.start, stretch.end])


def stale(grain: int) -> Any:
    """The spans of a grain that are to be summed again."""
    return Span.objects.filter(grain=grain, stale=True).order_by("start")
