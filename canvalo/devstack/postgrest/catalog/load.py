"""Reads the catalog: the only file of this folder that talks to the database."""

from collections import defaultdict
from typing import Any

import psycopg
from psycopg.rows import dict_row

from . import queries
from .model import (
    COMPUTED,
    Catalog,
    Column,
    Function,
    MediaHandler,
    Name,
    Parameter,
    Relationship,
    Table,
)
from .origins import column_origins, resolve
from .relationships import ForeignKey, Views, all_relationships

Row = dict[str, Any]
Columns = dict[int, dict[int, Column]]


async def load(connection: psycopg.AsyncConnection[Any], schemas: tuple[str, ...]) -> Catalog:
    """Read everything in one transaction, so that the parts fit together."""
    async with connection.transaction():
        await connection.execute("set local search_path to ''")
        rows = await _read_all(connection, list(schemas))
    return build(rows, schemas, connection.info.server_version)


async def _read_all(connection: psycopg.AsyncConnection[Any], schemas: list[str]) -> dict[str, Any]:
    asked: dict[str, tuple[str, list[Any]]] = {
        "tables": (queries.TABLES, []),
        "columns": (queries.COLUMNS, []),
        "keys": (queries.KEYS, []),
        "views": (queries.VIEWS, []),
        "functions": (queries.FUNCTIONS, [schemas]),
        "computed": (queries.COMPUTED_RELATIONSHIPS, []),
        "representations": (queries.REPRESENTATIONS, []),
        "handlers": (queries.HANDLERS, [schemas]),
        "role_settings": (queries.ROLE_SETTINGS, [False]),
        "time_zones": (queries.TIME_ZONES, []),
        "schemas": (queries.SCHEMAS, [schemas]),
    }
    async with psycopg.AsyncRawCursor(connection, row_factory=dict_row) as cursor:
        return {
            what: await (await cursor.execute(query.encode(), values)).fetchall()
            for what, (query, values) in asked.items()
        }


def build(rows: dict[str, Any], schemas: tuple[str, ...], version: int) -> Catalog:
    """Put the rows together; pure."""
    names = {row["oid"]: Name(row["schema"], row["name"]) for row in rows["tables"]}
    columns = _columns(rows["columns"])
    origins = resolve({row["oid"]: column_origins(row["definition"]) for row in rows["views"]})
    views = _views(origins, names, columns)
    tables = _tables(rows, names, columns, origins)
    found = all_relationships(_foreign_keys(rows["keys"], names, columns), views, tables, schemas)
    settings, isolation = _role_settings(rows["role_settings"])
    return Catalog(
        schemas=schemas,
        server_version=version,
        tables={name: table for name, table in tables.items() if name.schema in schemas},
        relationships=_with_computed(found, rows["computed"], schemas),
        functions=_functions(rows["functions"]),
        representations={
            (row["source"], row["target"]): row["function"] for row in rows["representations"]
        },
        handlers=tuple(_handler(row) for row in rows["handlers"]),
        role_settings=settings,
        role_isolation=isolation,
        time_zones=frozenset(row["name"] for row in rows["time_zones"]),
        schema_descriptions={r["name"]: r["description"] for r in rows["schemas"]},
    )


def _columns(rows: list[Row]) -> Columns:
    columns: Columns = defaultdict(dict)
    for row in rows:
        columns[row["oid"]][row["number"]] = Column(
            row["name"],
            row["type"],
            row["base_type"],
            row["nullable"],
            row["default"],
            row["max_length"],
            tuple(row["enum"] or ()),
            row["description"],
        )
    return columns


def _tables(
    rows: dict[str, Any],
    names: dict[int, Name],
    columns: Columns,
    origins: dict[int, dict[int, tuple[int, int]]],
) -> dict[Name, Table]:
    keys = {row["oid"]: row["columns"] for row in rows["keys"] if row["kind"] == "p"}
    tables = {}
    for row in rows["tables"]:
        oid, name = row["oid"], names[row["oid"]]
        key = keys.get(oid) or _view_key(origins.get(oid, {}), keys)
        own = columns.get(oid, {})
        tables[name] = Table(
            name,
            {column.name: column for column in own.values()},
            tuple(own[number].name for number in key),
            row["is_view"],
            row["insertable"],
            row["updatable"],
            row["deletable"],
            row["description"],
        )
    return tables


def _view_key(origins: dict[int, tuple[int, int]], keys: dict[int, list[int]]) -> list[int]:
    """The columns of a view that show a whole primary key; the first of those that do."""
    shown: dict[tuple[int, int], int] = {}
    for number, origin in sorted(origins.items(), reverse=True):
        shown[origin] = number
    found: list[int] = []
    for table in dict.fromkeys(table for table, _ in origins.values()):
        key = [(table, column) for column in keys.get(table, [])]
        if key and all(part in shown for part in key):
            found += [shown[part] for part in key]
    return found


def _views(
    origins: dict[int, dict[int, tuple[int, int]]], names: dict[int, Name], columns: Columns
) -> Views:
    views: Views = defaultdict(list)
    for view, shown in origins.items():
        by_table: dict[int, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for number, (table, column) in sorted(shown.items()):
            if table in names and column in columns[table]:
                base = columns[table][column].name
                seen = by_table[table].get(base, ())
                by_table[table][base] = (*seen, columns[view][number].name)
        for table, mapping in by_table.items():
            views[names[table]].append((names[view], mapping))
    return views


def _foreign_keys(rows: list[Row], names: dict[int, Name], columns: Columns) -> list[ForeignKey]:
    unique = {(row["oid"], frozenset(row["columns"])) for row in rows if row["kind"] != "f"}
    return [
        ForeignKey(
            row["name"],
            names[row["oid"]],
            names[row["target"]],
            tuple(
                (columns[row["oid"]][own].name, columns[row["target"]][other].name)
                for own, other in sorted(zip(row["columns"], row["target_columns"], strict=True))
            ),
            (row["oid"], frozenset(row["columns"])) in unique,
        )
        for row in rows
        if row["kind"] == "f" and row["oid"] in names and row["target"] in names
    ]


def _with_computed(
    found: list[Relationship], rows: list[Row], schemas: tuple[str, ...]
) -> dict[Name, tuple[Relationship, ...]]:
    """A computed relationship hides the detected ones that have its name."""
    computed = [_computed(row) for row in rows if row["table_schema"] in schemas]
    hidden = {(rel.table, rel.function.name) for rel in computed if rel.function}
    kept = [rel for rel in found if (rel.table, rel.target.name) not in hidden]
    grouped: dict[Name, list[Relationship]] = defaultdict(list)
    for rel in kept + computed:
        grouped[rel.table].append(rel)
    return {name: tuple(rels) for name, rels in grouped.items()}


def _computed(row: Row) -> Relationship:
    return Relationship(
        Name(row["table_schema"], row["table_name"]),
        Name(row["target_schema"], row["target_name"]),
        COMPUTED,
        function=Name(row["schema"], row["name"]),
        single=row["single"],
    )


def _functions(rows: list[Row]) -> dict[Name, tuple[Function, ...]]:
    functions: dict[Name, tuple[Function, ...]] = {}
    for function in map(_function, rows):
        if function.is_callable:
            functions[function.name] = (*functions.get(function.name, ()), function)
    return functions


def _function(row: Row) -> Function:
    return Function(
        Name(row["schema"], row["name"]),
        tuple(_parameters(row)),
        Name(row["return_schema"], row["return_name"]),
        row["returns_set"],
        row["returns_composite"],
        row["volatility"],
        row["description"],
        tuple(_setting(text) for text in row["settings"]),
    )


def _parameters(row: Row) -> list[Parameter]:
    modes = row["argument_modes"] or ["i"] * row["inputs"]
    inputs = [index for index, mode in enumerate(modes) if mode in ("i", "b", "v")]
    names = row["argument_names"] or [""] * len(modes)
    required = row["inputs"] - row["defaults"]
    return [
        Parameter(
            names[index],
            row["types"][place],
            row["full_types"][place],
            place < required,
            modes[index] == "v",
        )
        for place, index in enumerate(inputs)
    ]


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _handler(row: Row) -> MediaHandler:
    target = None if row["any_row"] else Name(row["target_schema"], row["target_name"])
    return MediaHandler(row["media"], Name(row["schema"], row["name"]), target)


def _role_settings(
    rows: list[Row],
) -> tuple[dict[str, tuple[tuple[str, str], ...]], dict[str, str]]:
    settings: dict[str, list[tuple[str, str]]] = defaultdict(list)
    isolation = {}
    for row in rows:
        name, value = _setting(row["setting"])
        if name == "default_transaction_isolation":
            isolation[row["role"]] = value
        elif row["settable"]:
            settings[row["role"]].append((name, value))
    return {role: tuple(pairs) for role, pairs in settings.items()}, isolation
