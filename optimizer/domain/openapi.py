"""The schema, from PostgREST's root document and from what was declared beside it.

The document (OpenAPI 2.0, shown to the secret key) lists the relations of one schema, the types of
their columns, primary keys, one foreign key a column within the schema, and functions that can be
called. It does not tell policies, triggers, a view's query, generated columns, collations, foreign
keys of several columns or across schemas, computed relationships: those are declared.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from optimizer.domain.grain.schema import Declared, ForeignKey, Relation, Routine, Schema
from optimizer.domain.sql.kinds import Kind, kind_of
from optimizer.errors import ConfigurationError

_NOTE = "Note:\n"
_KEY = "<pk/>"
_FOREIGN = re.compile(r"<fk table='(.+)' column='(.+)'/>")
_FUNCTION = "/rpc/"


def read_document(document: Any, schema: str) -> Schema:
    """What the root document of one schema tells. Raises ConfigurationError for another shape."""
    try:
        definitions, paths = document["definitions"], document["paths"]
        relations = [_relation(schema, name, body) for name, body in definitions.items()]
        functions = [path.removeprefix(_FUNCTION) for path in paths if path.startswith(_FUNCTION)]
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigurationError(
            "the upstream's root answered with something that is no OpenAPI document of PostgREST"
        ) from error
    routines = {f"{schema}.{name}": Routine() for name in functions}
    return Schema({relation.name: relation for relation in relations}, routines)


def declared(
    schema: Schema,
    relations: Mapping[str, Declared],
    routines: Mapping[str, Routine] | None = None,
    keys: Iterable[tuple[str, ForeignKey]] = (),
    *,
    keys_complete: bool = False,
) -> Schema:
    """The schema with what was declared; it comes before what the document told.

    Relations that only a declaration names are known by it alone: their columns are not.
    """
    found = {name: schema.relations.get(name, Relation(name, {})) for name in relations}
    found = {name: replace(one, declared=relations[name]) for name, one in found.items()}
    every = {**schema.relations, **found}
    for name, key in keys:
        owner = every.get(name, Relation(name, {}))
        every[name] = replace(owner, foreign_keys=(*owner.foreign_keys, key))
    return Schema(every, {**schema.routines, **(routines or {})}, keys_complete)


def _relation(schema: str, name: str, body: Mapping[str, Any]) -> Relation:
    columns: Mapping[str, Any] = body.get("properties", {})
    notes = {column: _notes(about) for column, about in columns.items()}
    return Relation(
        f"{schema}.{name}",
        {column: _kind(about) for column, about in columns.items()},
        tuple(column for column, note in notes.items() if _KEY in note),
        tuple(
            ForeignKey((column,), f"{schema}.{found[1]}", (found[2],))
            for column, note in notes.items()
            for found in _FOREIGN.finditer(note)
        ),
    )


def _notes(about: Mapping[str, Any]) -> str:
    """What PostgREST wrote behind the column's own comment."""
    return str(about.get("description", "")).rpartition(_NOTE)[2]


def _kind(about: Mapping[str, Any]) -> Kind:
    return kind_of(str(about.get("format", "")), tuple(map(str, about.get("enum", ()))))
