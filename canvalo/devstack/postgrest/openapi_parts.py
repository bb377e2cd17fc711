"""The document's definitions and parameters: tables, columns and arguments in Swagger's words."""

import json
from typing import Any

from .catalog.model import MANY_TO_ONE, ONE_TO_ONE, Catalog, Column, Function, Parameter, Table

Json = dict[str, Any]
_TYPES: dict[str, str | None] = {
    "character varying": "string",
    "character": "string",
    "text": "string",
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "json": None,
    "jsonb": None,
}
_FORMATS = {"smallint": "int32", "integer": "int32", "bigint": "int64"}
_PREFER: dict[str, list[str]] = {
    "preferParams": [],
    "preferReturn": ["return=representation", "return=minimal", "return=none"],
    "preferCount": ["count=none"],
    "preferPost": [
        "return=representation",
        "return=minimal",
        "return=none",
        "resolution=ignore-duplicates",
        "resolution=merge-duplicates",
    ],
}
_PAGING = "Limiting and Pagination"
_PLAIN = [
    ("select", "select", "query", "Filtering Columns"),
    ("on_conflict", "on_conflict", "query", "On Conflict"),
    ("order", "order", "query", "Ordering"),
    ("range", "Range", "header", _PAGING),
    ("rangeUnit", "Range-Unit", "header", _PAGING),
    ("offset", "offset", "query", _PAGING),
    ("limit", "limit", "query", _PAGING),
]


def swagger_type(name: str) -> str | None:
    """Swagger's word for a type of PostgreSQL; None where any value will do."""
    return _TYPES[name] if name in _TYPES else "array" if name.endswith("[]") else "string"


def swagger_format(name: str) -> str:
    """Swagger's word for the width of an integer; other types keep their own name."""
    return _FORMATS.get(name, name)


def _typed(name: str) -> Json:
    kind = swagger_type(name)
    found: Json = {"format": swagger_format(name)}
    if kind is not None:
        found["type"] = kind
    if kind == "array":
        item = swagger_type(name[:-2])
        found["items"] = {} if item is None else {"type": item}
    return found


def definition(table: Table, catalog: Catalog) -> Json:
    """A relation as an object."""
    columns = table.columns.values()
    required = [column.name for column in columns if not column.nullable]
    return _without_empty(
        {
            "description": table.description,
            "required": required,
            "properties": {c.name: _property(c, table, catalog) for c in columns},
            "type": "object",
        }
    )


def _without_empty(found: Json) -> Json:
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _property(column: Column, table: Table, catalog: Catalog) -> Json:
    found = _typed(column.base_type)
    optional = {
        "description": _description(column, table, catalog),
        "enum": list(column.enum) or None,
        "maxLength": column.max_length,
    }
    found.update({name: value for name, value in optional.items() if value is not None})
    if column.default is not None:
        found.update(_default(column.base_type, column.default))
    return found


def _default(kind: str, text: str) -> Json:
    """The default, where it is a value; an expression of a number or a boolean is left out."""
    if swagger_type(kind) == "string":
        literal = text.removesuffix(f"::{kind}")
        value = literal.strip("'") if literal != text else text
        text = f'"{value}"'
    try:
        return {"default": json.loads(text)}
    except ValueError:
        return {}


def _description(column: Column, table: Table, catalog: Catalog) -> str | None:
    notes = ["This is a Primary Key.<pk/>"] if column.name in table.key else []
    if (target := _foreign_key(column.name, table, catalog)) is not None:
        to, key = target
        notes.append(f"This is a Foreign Key to `{to}.{key}`.<fk table='{to}' column='{key}'/>")
    if not notes:
        return column.description
    own = "" if column.description is None else f"{column.description}\n\n"
    return own + "\n".join(["Note:", *notes])


def _foreign_key(column: str, table: Table, catalog: Catalog) -> tuple[str, str] | None:
    """The table and column that this column alone refers to; tables before views."""
    relationships = sorted(
        catalog.relationships.get(table.name, ()), key=lambda rel: rel.target_is_view
    )
    for rel in relationships:
        refers = rel.cardinality == MANY_TO_ONE or (
            rel.cardinality == ONE_TO_ONE and not rel.is_parent
        )
        here = rel.target.schema == table.name.schema
        if refers and here and [own for own, _ in rel.columns] == [column]:
            return rel.target.name, rel.columns[0][1]
    return None


def parameters(tables: list[Table]) -> Json:
    """The shared parameters, and those of each relation."""
    found: Json = {
        key: {**_header(), **({"enum": values} if values else {})}
        for key, values in _PREFER.items()
    }
    for key, name, place, description in _PLAIN:
        found[key] = _text(name, place, description)
    found["rangeUnit"]["default"] = "items"
    for table in tables:
        found.update(_of_table(table))
    return found


def _header() -> Json:
    return _text("Prefer", "header", "Preference")


def _text(name: str, place: str, description: str | None) -> Json:
    about = {} if description is None else {"description": description}
    return {"name": name, **about, "required": False, "in": place, "type": "string"}


def _of_table(table: Table) -> Json:
    name = table.name.name
    body = {
        "name": name,
        "description": name,
        "required": False,
        "in": "body",
        "schema": {"$ref": f"#/definitions/{name}"},
    }
    return {f"body.{name}": body} | {
        f"rowFilter.{name}.{column.name}": _text(column.name, "query", column.description)
        for column in table.columns.values()
    }


def function_schema(function: Function) -> Json:
    """A function's arguments as one object."""
    return _without_empty(
        {
            "description": function.description,
            "required": [p.name for p in function.parameters if p.required],
            "properties": {p.name: _typed(type_of(p, function)) for p in function.parameters},
            "type": "object",
        }
    )


def type_of(parameter: Parameter, function: Function) -> str:
    """The type of an argument, as it is called within the function's own schema."""
    return parameter.type.removeprefix(f"{function.name.schema}.")


def query_argument(parameter: Parameter, function: Function) -> Json:
    """One argument of a function as a parameter of the URL."""
    name = type_of(parameter, function)
    found: Json = {"name": parameter.name, "required": parameter.required, "in": "query"}
    kind = swagger_type(name)
    if not parameter.variadic:
        # Arrays are written in braces there, and every parameter needs a type.
        simple = "string" if kind in (None, "array") else kind
        return {**found, "type": simple, "format": swagger_format(name)}
    item = name.removesuffix("[]")
    items = {"type": swagger_type(item) or "string", "format": swagger_format(item)}
    return {**found, "type": kind or "string", "items": items, "collectionFormat": "multi"}
