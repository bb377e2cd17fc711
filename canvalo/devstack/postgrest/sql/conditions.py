"""Tests → SQL conditions."""

from collections.abc import Callable, Iterable

from ..catalog.model import Name
from ..plan.nodes import Connective, EmbedIsNull, Predicate, Term, Test
from ..query import Compare, In, Is, Search
from .fields import value
from .fragments import Parameters, array_literal, identifier

OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
    "isdistinct": "IS DISTINCT FROM",
}
SEARCHES = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
TRUTHS = {"not_null": "NOT NULL"}
PATTERNS = ("like", "ilike")

Leaf = Callable[[EmbedIsNull], str]


def where(p: Parameters, row: Name, tests: Iterable[Test], joins: Iterable[str] = ()) -> str:
    """A WHERE clause, or nothing; `joins` are conditions that are SQL already."""
    return where_all([*(condition(p, row, test) for test in tests), *joins])


def where_all(conditions: list[str]) -> str:
    """A WHERE clause of conditions that all must hold, or nothing."""
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def joined_is_null(test: EmbedIsNull) -> str:
    """Whether a join found no row: the row as a whole, for its columns may all be null."""
    return f"{identifier(test.lateral)} IS {'' if test.negated else 'NOT '}DISTINCT FROM NULL"


def condition(p: Parameters, row: Name, test: Test, embed: Leaf = joined_is_null) -> str:
    """One condition on a row; `embed` says how absent embedded relations are told."""
    if isinstance(test, EmbedIsNull):
        return embed(test)
    if isinstance(test, Predicate):
        return _predicate(p, row, test)
    return _connective(p, row, test, embed)


def _connective(p: Parameters, row: Name, test: Connective, embed: Leaf) -> str:
    word = f" {test.operator.upper()} "
    inner = word.join(condition(p, row, one, embed) for one in test.tests)
    return f"{'NOT ' if test.negated else ''}({inner})"


def _predicate(p: Parameters, row: Name, test: Predicate) -> str:
    left, operation = value(p, row, test.term), test.operation
    sign = "NOT " if test.negated else ""
    if isinstance(operation, Search):
        return sign + _search(p, left, test.term, operation)
    if isinstance(operation, In):
        return f"{sign}{left} = ANY ({_elements(p, test.term, operation)})"
    if isinstance(operation, Is):
        return f"{sign}{left} IS {TRUTHS.get(operation.value, operation.value.upper())}"
    return f"{sign}{left} {OPERATORS[operation.operator]} {_operand(p, test.term, operation)}"


def _operand(p: Parameters, term: Term, operation: Compare) -> str:
    if operation.operator in PATTERNS:
        operand = p.add(operation.value.replace("*", "%"))
    else:
        operand = p.add(operation.value)
        if term.convert and operation.operator != "isdistinct":
            operand = f"{term.convert}({operand})"
    return f"{operation.quantifier.upper()}({operand})" if operation.quantifier else operand


def _elements(p: Parameters, term: Term, operation: In) -> str:
    """One array for any number of values: `in.()` is valid, and the statement stays the same."""
    values = () if operation.values == ("",) else operation.values
    array = p.add(array_literal(values))
    return f"SELECT {term.convert}(unnest({array}::text[]))" if term.convert else array


def _search(p: Parameters, left: str, term: Term, operation: Search) -> str:
    if term.base_type != "tsvector":
        left = f"to_tsvector({_language(p, operation)}{left})"
    words = f"{_language(p, operation)}{p.add(operation.value)}"
    return f"{left} @@ {SEARCHES[operation.operator]}({words})"


def _language(p: Parameters, operation: Search) -> str:
    return "" if operation.language is None else f"{p.add(operation.language)}, "
