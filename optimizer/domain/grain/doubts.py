"""What speaks against a declaration: what the schema shows, and what an answer shows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optimizer.domain.grain.pins import Row, value_of
from optimizer.domain.grain.requests import Write
from optimizer.domain.grain.schema import COUNTED, Declared, Relation

_STAMPED = ("updated_at", "modified_at", "changed_at", "last_modified", "updated_on")


def doubts(name: str, declared: Declared, outlines: Mapping[str, str]) -> list[str]:
    """Sentences about what is declared of a relation, by the outlines that were learnt."""
    if not outlines:
        return ["the project's tables have not been learnt yet, so nothing finer is proven"]
    known = [*_of_names(declared, outlines)]
    if name not in outlines:
        return [*known, "PostgREST shows no such table: its rows and values are not told apart"]
    found: Mapping[str, Any] = json.loads(outlines[name])
    return [*known, *_of_columns(declared, found["key"], found["columns"])]


def _of_names(declared: Declared, outlines: Mapping[str, str]) -> Iterator[str]:
    """Another schema's tables are not shown, so nothing is said of them."""
    shown = {name.partition(".")[0] for name in outlines if name}
    for name in sorted(declared.reads | (declared.targets or frozenset())):
        if name.partition(".")[0] in shown and name not in outlines:
            yield f"PostgREST shows no table {name}"


def _of_columns(
    declared: Declared, key: Iterable[str], columns: Mapping[str, str]
) -> Iterator[str]:
    if not key:
        yield "PostgREST shows no primary key: rows are not told apart"
    rewritten = declared.rewritten or frozenset()
    for column in sorted(rewritten - set(columns)):
        yield f"there is no column {column} that could be rewritten"
    for column in _STAMPED:
        if column in columns and column not in rewritten:
            yield f"{column} looks like set by a trigger, and is not declared as rewritten"
    if declared.owner_column:
        yield from _of_owner(declared, columns)


def _of_owner(declared: Declared, columns: Mapping[str, str]) -> Iterator[str]:
    owner = declared.owner_column
    kind = columns.get(owner, "").partition(" ")[0]
    if not kind:
        yield f"there is no column {owner}: no row is known to be its caller's"
    elif kind not in COUNTED and not (kind == "text" and declared.exact_text):
        yield f"{owner} is of a type by which owners are not told apart"


def contradicted(
    write: Write, relation: Relation | None, rows: Iterable[Row] | None
) -> frozenset[str]:
    """The columns that have another value than was declared possible, by the rows of an answer.

    A payload of which a trigger made something else, a row that is not its caller's.
    """
    shown = tuple(rows or ())
    if relation is None or not relation.is_fine:
        return frozenset()
    pairs = zip(_given(write, len(shown)), shown, strict=False)
    found = {c for given, row in pairs for c in given if _differs(relation, given, row, c)}
    return frozenset(found | _foreign(write, relation, shown))


def _given(write: Write, rows: int) -> tuple[Row, ...]:
    """The payload of each row of an answer, where it is sure which that is."""
    payload = write.payload or ()
    if write.change.operation.value == "update" and len(payload) == 1:
        return payload * rows
    return payload if len(payload) == rows and not write.ignores else ()


def _differs(relation: Relation, given: Row, row: Row, column: str) -> bool:
    """Blanks at the end may be cut off; of forms that are not sure nothing is said."""
    if column not in row or column not in relation.counted or relation.may_rewrite(column):
        return False
    before, after = value_of(relation, given, column), value_of(relation, row, column)
    if given[column] is None or row[column] is None:
        return before is not after  # one is NULL, and of the other the value is sure
    both = before is not None and after is not None
    return both and str(before).rstrip(" ") != str(after).rstrip(" ")


def _foreign(write: Write, relation: Relation, rows: Iterable[Row]) -> set[str]:
    owner, caller = relation.declared.owner_column, write.caller
    if not owner or caller.service or not caller.subject:
        return set()
    own = value_of(relation, {owner: caller.subject}, owner)
    others = {value_of(relation, row, owner) for row in rows if owner in row} - {own, None}
    return {owner} if own is not None and others else set()
