"""Refusals of PGRST2xx: the catalog has no such thing, or more than one."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from .catalog.model import (
    COMPUTED,
    MANY_TO_MANY,
    MANY_TO_ONE,
    ONE_TO_MANY,
    ONE_TO_ONE,
    Catalog,
    Function,
    Name,
    Relationship,
)
from .errors import Refusal
from .plan.similar import closest, similar

RANKED = (COMPUTED, ONE_TO_MANY, MANY_TO_ONE, ONE_TO_ONE, MANY_TO_MANY)
RAW_TYPES = {"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytea"}


def unknown_table(name: Name, catalog: Catalog) -> Refusal:
    """No relation has that name; the nearest one is the hint."""
    message = f"Could not find the table '{name.schema}.{name.name}' in the schema cache"
    near = closest(name.name, (t.name for t in catalog.tables if t.schema == name.schema))
    hint = f"Perhaps you meant the table '{name.schema}.{near}'" if near else None
    return Refusal(404, "PGRST205", message, hint=hint)


def unknown_column(table: Name, column: str) -> Refusal:
    """A payload speaks of a column that the relation does not have."""
    message = f"Could not find the '{column}' column of '{table.name}' in the schema cache"
    return Refusal(400, "PGRST204", message)


def no_relationship(origin: Name, target: str, hint: str | None, catalog: Catalog) -> Refusal:
    """Nothing leads from the one relation to the other."""
    using = f"' using the hint '{hint}" if hint is not None else ""
    return Refusal(
        400,
        "PGRST200",
        f"Could not find a relationship between '{origin.name}' and '{target}' in the schema cache",
        f"Searched for a foreign key relationship between '{origin.name}' and '{target}{using}' "
        f"in the schema '{origin.schema}', but no matches were found.",
        _relationship_hint(origin, target, catalog),
    )


def _relationship_hint(origin: Name, target: str, catalog: Catalog) -> str | None:
    """Another target where the origin is known, else another origin; none for an exact name."""
    rels = relationships_within(origin, catalog)
    if rels:
        near = [name for score, name in similar(target, (r.target.name for r in rels)) if score < 1]
        return f"Perhaps you meant '{near[0]}' instead of '{target}'." if near else None
    origins = (name.name for name in catalog.relationships if name.schema == origin.schema)
    found = closest(origin.name, origins)
    return f"Perhaps you meant '{found}' instead of '{origin.name}'." if found else None


def relationships_within(origin: Name, catalog: Catalog) -> list[Relationship]:
    """The relationships that stay in the origin's schema; only those can be embedded."""
    rels = catalog.relationships.get(origin, ())
    return [rel for rel in rels if rel.target.schema == origin.schema]


def ambiguous_relationship(origin: Name, target: str, found: Sequence[Relationship]) -> Refusal:
    """More than one relationship fits; all of them are told, in PostgREST's order."""
    found = sorted(found, key=_rank)
    choices = ", ".join(f"'{rel.target.name}!{_told_apart_by(rel)}'" for rel in found)
    return Refusal(
        300,
        "PGRST201",
        "Could not embed because more than one relationship was found for "
        f"'{origin.name}' and '{target}'",
        [_described(rel) for rel in found],
        f"Try changing '{target}' to one of the following: {choices}. "
        "Find the desired relationship in the 'details' key.",
    )


def _rank(rel: Relationship) -> tuple[Any, ...]:
    junction = rel.junction
    through = (
        (junction.table, junction.source_constraint, junction.target_constraint) if junction else ()
    )
    by_kind = RANKED.index(rel.cardinality)
    views = rel.table_is_view, rel.target_is_view
    return rel.target, by_kind, rel.constraint, rel.columns, through, views


def _told_apart_by(rel: Relationship) -> str:
    if rel.function:
        return rel.function.name
    return rel.junction.table.name if rel.junction else rel.constraint


def _described(rel: Relationship) -> dict[str, Any]:
    if rel.cardinality == COMPUTED:
        return {}
    return {
        "cardinality": rel.cardinality,
        "embedding": f"{rel.table.name} with {rel.target.name}",
        "relationship": _through(rel),
    }


def _through(rel: Relationship) -> str:
    if rel.junction:
        one = _columns(own for _, own in rel.junction.source_columns)
        two = _columns(own for _, own in rel.junction.target_columns)
        constraints = rel.junction.source_constraint, rel.junction.target_constraint
        table = rel.junction.table.name
        return f"{table} using {constraints[0]}{one} and {constraints[1]}{two}"
    own, other = (_columns(pair[side] for pair in rel.columns) for side in (0, 1))
    return f"{rel.constraint} using {rel.table.name}{own} and {rel.target.name}{other}"


def _columns(names: Iterable[str]) -> str:
    return f"({', '.join(names)})"


def unknown_function(
    name: Name, keys: Collection[str], content_type: str | None, catalog: Catalog
) -> Refusal:
    """No function fits; `content_type` is the body's, None where there can be no body (GET)."""
    raw, called = content_type in RAW_TYPES, f"{name.schema}.{name.name}"
    arguments = ", ".join(sorted(keys))
    shown = "" if raw else f"({arguments})" if keys else " without parameters"
    return Refusal(
        404,
        "PGRST202",
        f"Could not find the function {called}{shown} in the schema cache",
        f"Searched for the function {called}{_searched(keys, content_type)}, "
        "but no matches were found in the schema cache.",
        None if raw else _function_hint(name, keys, catalog),
    )


def _searched(keys: Collection[str], content_type: str | None) -> str:
    if content_type in RAW_TYPES:
        return f" with a single unnamed {RAW_TYPES[content_type]} parameter"
    plural = "s" if len(keys) > 1 else ""
    listed = f" with parameter{plural} {', '.join(sorted(keys))}"
    searched = listed if keys else " without parameters"
    or_single = " or with a single unnamed json/jsonb parameter"
    return searched + (or_single if content_type == "application/json" else "")


def _function_hint(name: Name, keys: Collection[str], catalog: Catalog) -> str | None:
    overloads = catalog.functions.get(name, ())
    if overloads:
        listed = (_columns(sorted(p.name for p in one.parameters)) for one in overloads)
        near = closest(_columns(sorted(keys)), listed)
        found = name.name + near if near else None
    else:
        found = closest(name.name, (f.name for f in catalog.functions if f.schema == name.schema))
    return f"Perhaps you meant to call the function {name.schema}.{found}" if found else None


def ambiguous_function(found: Sequence[Function]) -> Refusal:
    """More than one function fits."""
    message = "Could not choose the best candidate function between: "
    return Refusal(
        300,
        "PGRST203",
        message + ", ".join(_signature(one) for one in found),
        hint="Try renaming the parameters or the function itself in the database so function "
        "overloading can be resolved",
    )


def _signature(function: Function) -> str:
    parameters = ", ".join(f"{p.name} => {p.type}" for p in function.parameters)
    return f"{function.name.schema}.{function.name.name}({parameters})"
