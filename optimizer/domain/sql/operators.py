"""What an operator says of a value that is not NULL and an operand, by the column's kind."""

import operator as python
from collections.abc import Callable
from typing import Any

from optimizer.domain.sql import arrays, documents, patterns, ranges, scalars
from optimizer.domain.sql.kinds import Kind
from optimizer.domain.sql.truth import Truth, Undecided, truth

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": python.eq,
    "neq": python.ne,
    "gt": python.gt,
    "gte": python.ge,
    "lt": python.lt,
    "lte": python.le,
}


def compare(kind: Kind, operator: str, value: Any, operand: str) -> Truth:
    """The truth of `value operator operand`; raises Undecided."""
    if kind.name == "text":
        return _text(operator, scalars.text(value), scalars.text(operand))
    if kind.name == "jsonb":
        return _document(operator, documents.normal(value), documents.document(operand))
    if kind.name == "array":
        return _array(operator, arrays.read(kind, _listed(value)), arrays.read(kind, operand))
    if kind.name == "range":
        return ranges.compare(operator, ranges.read(kind, value), ranges.read(kind, operand))
    if operator not in _ORDER:
        raise Undecided
    return truth(_ORDER[operator](scalars.read(kind, value), scalars.read(kind, operand)))


def _listed(value: Any) -> Any:
    if not isinstance(value, list):
        raise Undecided
    return value


def _text(operator: str, value: str, operand: str) -> Truth:
    """Which of two different texts comes first depends on the collation."""
    if operator in ("like", "ilike"):
        test = patterns.like if operator == "like" else patterns.ilike
        return test(value, operand.replace("*", "%"))
    certain = operator in ("eq", "neq") or value == operand
    if not certain or operator not in _ORDER:
        raise Undecided
    return truth(_ORDER[operator](value, operand))


def _document(operator: str, value: Any, operand: Any) -> Truth:
    if operator in ("eq", "neq"):
        return truth(_ORDER[operator](value, operand))
    if operator == "cs":
        return truth(documents.contains(value, operand))
    if operator == "cd":
        return truth(documents.contains(operand, value))
    raise Undecided


def _array(operator: str, value: list[Any], operand: list[Any]) -> Truth:
    if operator == "cs":
        return arrays.contains(value, operand)
    if operator == "cd":
        return arrays.contains(operand, value)
    if operator == "ov":
        return arrays.overlaps(value, operand)
    if operator == "eq":
        return arrays.equals(value, operand)
    raise Undecided
