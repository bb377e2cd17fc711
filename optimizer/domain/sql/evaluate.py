"""A filter over a row: TRUE, FALSE, UNKNOWN, or undecidable."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from optimizer.domain.language.filters import Condition, Tree
from optimizer.domain.language.scanner import JsonStep
from optimizer.domain.sql import arrays, operators
from optimizer.domain.sql.kinds import OTHER, TEXT, Kind
from optimizer.domain.sql.truth import (
    Truth,
    Undecided,
    conjunction,
    disjunction,
    negation,
    truth,
)

Row = Mapping[str, Any]  # as PostgREST and webhooks give it, floats read as Decimal
Kinds = Mapping[str, Kind]


def evaluate(tree: Tree, row: Row, kinds: Kinds) -> Truth:
    """What a filter is of a row. Columns without a kind, or missing in the row, decide nothing."""
    if isinstance(tree, Condition):
        found = _condition(tree, row, kinds)
    else:
        join = conjunction if tree.connective == "and" else disjunction
        found = join(evaluate(term, row, kinds) for term in tree.terms)
    return negation(found) if tree.negated else found


def may_pass(trees: Iterable[Tree], row: Row, kinds: Kinds) -> bool:
    """Whether a row may pass all these filters: it does not where one is FALSE or UNKNOWN."""
    return all(evaluate(t, row, kinds) in (Truth.TRUE, Truth.UNDECIDABLE) for t in trees)


def _condition(condition: Condition, row: Row, kinds: Kinds) -> Truth:
    name = condition.field.name
    if name not in row or name not in kinds:
        return Truth.UNDECIDABLE
    try:
        kind, value = _reached(kinds[name], row[name], condition.field.path)
        return _tested(condition, kind, value)
    except Undecided:
        return Truth.UNDECIDABLE


def _reached(kind: Kind, value: Any, path: tuple[JsonStep, ...]) -> tuple[Kind, Any]:
    """Follow a JSON path; only in jsonb, and to the text of what is no number is it certain."""
    if not path:
        if value is None and kind.hides_null:
            raise Undecided
        return kind, value
    if kind.name != "jsonb" or value is None or any(step.as_text for step in path[:-1]):
        raise Undecided
    for step in path:
        value = _stepped(value, step)
    return _as_text(value) if path[-1].as_text else _as_document(value)


def _stepped(value: Any, step: JsonStep) -> Any:
    """One arrow. What is not there is NULL, and so is everything behind it.

    To PostgreSQL a scalar is an array of one element.
    """
    if isinstance(value, dict):
        return None if step.is_index else value.get(step.key)
    if not step.is_index:
        return None
    elements, index = value if isinstance(value, list) else [value], int(step.key)
    return elements[index] if -len(elements) <= index < len(elements) else None


def _as_text(value: Any) -> tuple[Kind, Any]:
    if isinstance(value, bool):
        return TEXT, "true" if value else "false"
    if value is None or isinstance(value, str):
        return TEXT, value
    raise Undecided


def _as_document(value: Any) -> tuple[Kind, Any]:
    """JSON's null and nothing at all look alike here."""
    if value is None:
        raise Undecided
    return Kind("jsonb"), value


def _tested(condition: Condition, kind: Kind, value: Any) -> Truth:
    if condition.operator == "is":
        return _is(condition.operands[0], kind, value)
    if condition.operator == "in":
        return _any(disjunction, "eq", kind, value, condition.operands)
    if condition.quantifier:
        join = disjunction if condition.quantifier == "any" else conjunction
        found = arrays.elements(condition.operands[0])
        return _any(join, condition.operator, kind, value, found)
    if condition.operator == "isdistinct":
        return _distinct(kind, value, condition.operands[0])
    return _compared(condition.operator, kind, value, condition.operands[0])


def _is(word: str, kind: Kind, value: Any) -> Truth:
    if kind == OTHER and isinstance(value, dict):
        raise Undecided  # a row whose fields are all NULL counts as NULL
    if word in ("null", "not_null"):
        return truth((value is None) is (word == "null"))
    if kind.name != "bool":
        raise Undecided
    return truth(value is {"true": True, "false": False, "unknown": None}[word])


def _any(
    join: Callable[[Iterable[Truth]], Truth],
    operator: str,
    kind: Kind,
    value: Any,
    operands: Iterable[str | None],
) -> Truth:
    """An operator against each of several operands; each may be undecidable by itself."""
    return join([_single(operator, kind, value, operand) for operand in operands])


def _single(operator: str, kind: Kind, value: Any, operand: str | None) -> Truth:
    if operand is None:
        return Truth.UNKNOWN
    try:
        return _compared(operator, kind, value, operand)
    except Undecided:
        return Truth.UNDECIDABLE


def _distinct(kind: Kind, value: Any, operand: str) -> Truth:
    if value is None:
        return Truth.TRUE
    return negation(operators.compare(kind, "eq", value, operand))


def _compared(operator: str, kind: Kind, value: Any, operand: str) -> Truth:
    """Every operator is strict: of NULL it says nothing."""
    if value is None:
        return Truth.UNKNOWN
    return operators.compare(kind, operator, value, operand)
