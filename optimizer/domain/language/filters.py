"""Filters (`column=operator.value`) and the logic trees `and=(…)` and `or=(…)`, as trees.

Source: PostgREST's documentation, "Tables and Views", and its grammar (`QueryParams.hs`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from optimizer.domain.language.scanner import Field, Scanner

COMPARING = ("eq", "neq", "gt", "gte", "lt", "lte")
PATTERNS = ("like", "ilike", "match", "imatch")
SETS = ("cs", "cd", "ov", "sl", "sr", "nxl", "nxr", "adj")
SEARCHES = ("fts", "plfts", "phfts", "wfts")
OPERATORS = (*COMPARING, *PATTERNS, *SETS, *SEARCHES, "in", "is", "isdistinct")
TRUTHS = ("null", "not_null", "true", "false", "unknown")

DEEPEST = 60  # levels of a logic tree; PostgreSQL takes more, nobody writes them

_OPERATOR = re.compile("|".join(sorted(OPERATORS, key=len, reverse=True)))
_ARRAY = re.compile(r"\{[^{}]*\}")
_LANGUAGE = re.compile(r"[A-Za-z0-9_ $]+")


@dataclass(frozen=True, slots=True)
class Condition:
    """An operation on a field.

    `operands` are the values of `in`, and one text for every other operator; `is` has one of
    TRUTHS. `quantifier` is "any", "all" or nothing, and the operand is an array's text then.
    """

    field: Field
    operator: str
    operands: tuple[str, ...]
    negated: bool = False
    quantifier: str = ""
    language: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it says of the column itself what its operator says."""
        return not (self.negated or self.quantifier or self.field.path)


@dataclass(frozen=True, slots=True)
class Logic:
    """`and(…)` or `or(…)`, perhaps negated."""

    connective: str
    terms: "tuple[Tree, ...]"
    negated: bool = False


Tree = Condition | Logic
Path = tuple[str, ...]  # the embedded relations on the way; () is the relation itself
_Value = Callable[[Scanner], str]


def parse_filter(name: str, value: str) -> tuple[Path, Tree]:
    """Read one parameter: which relation it filters, and how. Raises QueryError."""
    names, field = _target(name)
    if not field.path and field.name in ("and", "or"):
        return _tree(names, field.name, value)
    scanner = Scanner(value)
    found = _operation(scanner, field, Scanner.rest)
    scanner.end()
    return names, found


def _target(name: str) -> tuple[Path, Field]:
    scanner = Scanner(name)
    names = [scanner.name()]
    while scanner.take("."):
        names.append(scanner.name())
    path = scanner.path()
    scanner.end()
    return tuple(names[:-1]), Field(names[-1], path)


def _tree(names: Path, connective: str, value: str) -> tuple[Path, Tree]:
    """`not` may stand anywhere in the path, as PostgREST has it."""
    scanner = Scanner(value)
    found = Logic(connective, _terms(scanner), "not" in names)
    scanner.end()
    return tuple(name for name in names if name != "not"), found


def _terms(scanner: Scanner, depth: int = 0) -> tuple[Tree, ...]:
    if depth >= DEEPEST:
        scanner.refuse(f"no more than {DEEPEST} levels")
    scanner.blanks()
    scanner.expect("(")
    scanner.blanks()
    terms = [_term(scanner, depth)]
    while scanner.take(","):
        terms.append(_term(scanner, depth))
    scanner.expect(")")
    scanner.blanks()
    return tuple(terms)


_CONNECTIVE = re.compile(r"[ \t]*(not\.)?(and|or)[ \t]*(?=\()")


def _term(scanner: Scanner, depth: int) -> Tree:
    head = scanner.match(_CONNECTIVE)
    if head is None:
        field = scanner.field()
        scanner.expect(".")
        found: Tree = _operation(scanner, field, _value_in_tree)
    else:
        word = head.strip()
        found = Logic(
            word.removeprefix("not."), _terms(scanner, depth + 1), word.startswith("not.")
        )
    scanner.blanks()
    return found


def _operation(scanner: Scanner, field: Field, value: _Value) -> Condition:
    negated = scanner.take("not.")
    operator = scanner.match(_OPERATOR)
    if operator is None:
        scanner.refuse("an operator")
    quantifier, language = _modifier(scanner, operator)
    scanner.expect(".")
    operands = _operands(scanner, operator, value)
    return Condition(field, operator, operands, negated, quantifier, language)


def _modifier(scanner: Scanner, operator: str) -> tuple[str, str]:
    """What stands in parentheses behind the operator: a quantifier, or a search's language."""
    quantifiable = (operator in COMPARING and operator != "neq") or operator in PATTERNS
    if not (quantifiable or operator in SEARCHES) or not scanner.take("("):
        return "", ""
    word = scanner.match(_LANGUAGE) or ""
    scanner.expect(")")
    if operator in SEARCHES:
        return "", word.strip()
    if word not in ("any", "all"):
        scanner.refuse("any or all")
    return word, ""


def _operands(scanner: Scanner, operator: str, value: _Value) -> tuple[str, ...]:
    if operator == "in":
        return _list(scanner)
    if operator == "is":
        return (_truth(scanner),)
    return (value(scanner),)


def _truth(scanner: Scanner) -> str:
    word = scanner.until(",)").strip(" \t").lower()
    if word not in TRUTHS:
        scanner.refuse("null, not_null, true, false or unknown")
    return word


def _list(scanner: Scanner) -> tuple[str, ...]:
    """`(a,b)`; the only element of `()` is an empty text, which PostgREST takes for none."""
    scanner.blanks()
    scanner.expect("(")
    scanner.blanks()
    values = [_element(scanner)]
    while scanner.take(","):
        values.append(_element(scanner))
    scanner.expect(")")
    scanner.blanks()
    return () if values == [""] else tuple(values)


def _element(scanner: Scanner) -> str:
    """A quoted text that ends at a comma or a parenthesis; otherwise all up to one of them."""
    start = scanner.at
    quoted = scanner.quoted()
    if quoted is not None and (scanner.ended or scanner.sees(",") or scanner.sees(")")):
        return quoted
    scanner.at = start
    return scanner.until(",)")


def _value_in_tree(scanner: Scanner) -> str:
    if scanner.sees("{"):
        array = scanner.match(_ARRAY)
        if array is not None:
            return array
    return _element(scanner)
