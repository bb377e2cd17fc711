"""What a question's filters prove of each row that passes them: its key, its values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from optimizer.domain.grain.schema import Relation
from optimizer.domain.language.filters import Condition
from optimizer.domain.language.question import Question
from optimizer.domain.sql import scalars
from optimizer.domain.sql.kinds import Kind
from optimizer.domain.sql.truth import Undecided

MOST_ROWS = 100  # that are told apart in one request

Key = tuple[str, ...]
Row = Mapping[str, Any]
Values = frozenset[str]


@dataclass(frozen=True, slots=True)
class Pins:
    """`rows`: no other row passes; None where that is not known. `values`: every row has them."""

    rows: frozenset[Key] | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def canonical(kind: Kind, value: Any) -> str | None:
    """One text for all spellings of a value, from a filter or from JSON; None where none is sure.

    Labels of an enum stand for themselves, because their places may change.
    """
    try:
        form = scalars.text(value) if kind.name == "enum" else scalars.read(kind, value)
    except Undecided:
        return None
    return str(form)


def pins(question: Question, relation: Relation) -> Pins:
    """What the top-level `eq`s and `in`s of a question prove."""
    lists: dict[str, list[str]] = {}
    for condition in question.pins:
        found = _pinned(condition, relation)
        if found is not None:
            lists.setdefault(condition.field.name, found)
    values = {name: found[0] for name, found in lists.items() if len(found) == 1}
    return Pins(_rows(relation, lists), values)


def _pinned(condition: Condition, relation: Relation) -> list[str] | None:
    """The only values that a column may have, or None."""
    kind = relation.counted.get(condition.field.name)
    if kind is None or condition.operator not in ("eq", "in"):
        return None
    found = [canonical(kind, operand) for operand in condition.operands]
    known = [value for value in found if value is not None]
    return list(dict.fromkeys(known)) if len(known) == len(found) else None


def _rows(relation: Relation, lists: Mapping[str, Iterable[str]]) -> frozenset[Key] | None:
    if not relation.key or not set(relation.key) <= set(lists):
        return None
    choices = [list(lists[name]) for name in relation.key]
    size = 1
    for choice in choices:
        size *= len(choice)
    return frozenset(product(*choices)) if size <= MOST_ROWS else None


def key_of(relation: Relation, row: Mapping[str, Any]) -> Key | None:
    """A row's primary key in canonical form, or None where it is not all there."""
    parts = [value_of(relation, row, name) for name in relation.key]
    known = tuple(part for part in parts if part is not None)
    return known if relation.key and len(known) == len(parts) else None


def value_of(relation: Relation, row: Mapping[str, Any], column: str) -> str | None:
    """A row's value in canonical form; None where it is missing, NULL or not sure."""
    kind = relation.counted.get(column)
    return None if kind is None or row.get(column) is None else canonical(kind, row[column])


def keys_in(relation: Relation, rows: Iterable[Row] | None) -> frozenset[Key] | None:
    """The keys of rows, where each of them has one."""
    found = [key_of(relation, row) for row in rows or ()]
    known = frozenset(key for key in found if key is not None)
    return known if rows is not None and None not in found else None


def values_in(relation: Relation, rows: Iterable[Row] | None, column: str) -> Values | None:
    """The values of a column in rows, where each of them has it or says that it is NULL."""
    if rows is None:
        return None
    found = set()
    for row in rows:
        value = value_of(relation, row, column)
        if value is not None:
            found.add(value)
        elif column not in row or row[column] is not None:
            return None
    return frozenset(found)
