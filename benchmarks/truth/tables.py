"""The rows that are read and written: twenty, in four tables, and twenty more in `strict` ones.

A trigger notes each new value. It runs while the row is locked, so the numbers that it draws for
one row are in the order of the commits.
"""

from collections.abc import Mapping

import psycopg

from benchmarks.truth.history import Mode

ROWS = 20
TABLES = 4
STRICT = "truth_strict"
LOOSE = "truth_loose"

_ONCE = """
create schema truth;
create table truth.log (
  seq bigint generated always as identity primary key, place text not null, row int not null,
  value bigint not null
);
create function truth.note() returns trigger language plpgsql security definer as $$
begin
  insert into truth.log (place, row, value) values (tg_argv[0], new.id, new.value);
  return null;
end
$$;
"""
_TABLE = """
create table api.{name} (id int primary key, value bigint not null);
grant select, update on api.{name} to authenticated;
create trigger note after insert or update on api.{name}
  for each row execute function truth.note('{place}');
insert into api.{name} select n, -n - 1 from generate_series({first}, {last}) n;
"""


def name(row: int, mode: Mode) -> str:
    """The table in which a mode's row is; modes that need no `strict` table share theirs."""
    return f"{_place(mode)}_{row * TABLES // ROWS}"


def names(mode: Mode) -> list[str]:
    """All tables of a mode."""
    return [f"{_place(mode)}_{number}" for number in range(TABLES)]


def key(row: int, mode: Mode) -> int:
    """The row's number in a history, in which `strict` rows are rows of their own."""
    return row + (ROWS if mode is Mode.STRICT else 0)


def create(database: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make tables, rows and triggers."""
    database.execute(_ONCE)
    each = ROWS // TABLES
    for place in (LOOSE, STRICT):
        for number in range(TABLES):
            first, last = number * each, (number + 1) * each - 1
            table = f"{place}_{number}"
            text = _TABLE.format(name=table, place=place, first=first, last=last)
            database.execute(text.encode())


def orders(database: psycopg.Connection[tuple[object, ...]]) -> Mapping[int, tuple[int, ...]]:
    """Every row's values in the order of their commits, by the row's number in a history."""
    found: dict[int, list[int]] = {}
    text = "select place = %s, row, value from truth.log order by seq"
    for strict, row, value in database.execute(text, [STRICT]).fetchall():
        mode = Mode.STRICT if strict else Mode.PLAIN
        found.setdefault(key(int(str(row)), mode), []).append(int(str(value)))
    return {row: tuple(values) for row, values in found.items()}


def _place(mode: Mode) -> str:
    return STRICT if mode is Mode.STRICT else LOOSE
