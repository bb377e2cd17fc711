"""Filters (`column=operator.value`) and the logic trees `and=(…)` and `or=(…)`."""

from ..query import Compare, Condition, Field, In, Is, Logic, Search
from .names import comma, delimiter, field, field_name, identifier, lexeme, quoted
from .parsec import (
    Parser,
    always,
    any_char,
    attempt,
    between,
    char,
    lazy,
    many,
    maybe,
    none_of,
    not_followed_by,
    sep_by1,
    string,
)

# Tried in this order, which decides what is reported when none fits.
SIMPLE = ("neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj")
QUANTIFIABLE = ("eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch")
SEARCH = ("fts", "plfts", "phfts", "wfts")
TRUTHS = ("null", "not_null", "true", "false", "unknown")

Operation = Compare | In | Is | Search


def _words(words: tuple[str, ...]) -> Parser[str]:
    parser = attempt(string(words[0]))
    for word in words[1:]:
        parser = parser | attempt(string(word))
    return parser


def _any_case(word: str) -> Parser[str]:
    parser: Parser[str] = _letter(word[0])
    for letter in word[1:]:
        parser = parser >> _letter(letter)
    return parser.into(word)


def _letter(letter: str) -> Parser[str]:
    return char(letter) | char(letter.upper())


def _truth() -> Parser[str]:
    parser = attempt(_any_case(TRUTHS[0]))
    for word in TRUTHS[1:]:
        parser = parser | attempt(_any_case(word))
    return parser.label("isVal: (null, not_null, true, false, unknown)")


truth = _truth()
unquoted: Parser[str] = many(none_of(",)")).map("".join)
ends_here = not_followed_by(none_of(",)"))
list_element = attempt(quoted << ends_here) | unquoted
list_value: Parser[list[str]] = (
    lexeme(char("(")) >> sep_by1(list_element, char(",")) << lexeme(char(")"))
)

rest_of_text: Parser[str] = many(any_char).map("".join)
_array: Parser[str] = (char("{") >> many(none_of("{}")) << char("}")).map(
    lambda inner: "{" + "".join(inner) + "}"
)
value_in_tree: Parser[str] = attempt(quoted << ends_here) | attempt(_array) | unquoted

_quantifier = maybe(attempt(between(char("("), char(")"), attempt(string("any")) | string("all"))))
_language = maybe(attempt(between(char("("), char(")"), identifier)))


def operation(value: Parser[str]) -> Parser[Operation]:
    """Read an operator and its value, which `value` delimits."""
    is_in = (attempt(string("in") >> delimiter) >> list_value).map(lambda v: In(tuple(v)))
    is_truth = (attempt(string("is") >> delimiter) >> truth).map(Is)
    is_distinct = (attempt(string("isdistinct") >> delimiter) >> value).map(
        lambda v: Compare("isdistinct", v)
    )
    search = ((_words(SEARCH) + _language << delimiter) + value).map(
        lambda found: Search(found[0][0], found[0][1], found[1])
    )
    unknown = "unknown single value operator"
    simple = ((_words(SIMPLE).label(unknown) << delimiter) + value).map(
        lambda found: Compare(found[0], found[1])
    )
    quantified = ((_words(QUANTIFIABLE).label(unknown) + _quantifier << delimiter) + value).map(
        lambda found: Compare(found[0][0], found[1], found[0][1])
    )
    either: Parser[Operation] = (
        is_in | is_truth | is_distinct | attempt(search) | attempt(simple) | attempt(quantified)
    )
    return either.label("operator (eq, gt, ...)")


def expression(value: Parser[str]) -> Parser[tuple[bool, Operation]]:
    """Read an operation, negated by a leading `not.` or not."""
    negated = attempt(string("not") >> delimiter).into(True) | always(False)
    return negated + operation(value)


filter_value: Parser[tuple[bool, Operation]] = expression(rest_of_text)


def _condition(found: tuple[Field, tuple[bool, Operation]]) -> Condition:
    return Condition(found[0], found[1][1], found[1][0])


_tree_filter: Parser[Condition] = ((field << delimiter) + expression(value_in_tree)).map(_condition)
_negation = (attempt(string("not") >> delimiter).into(True) | always(False)).label(
    "negation operator (not)"
)
_connective = (attempt(string("and")) | string("or")).label("logic operator (and, or)")
_terms: Parser[list[Condition | Logic]] = (
    lexeme(char("(")) >> sep_by1(lazy(lambda: logic_tree), comma) << lexeme(char(")"))
)
logic_tree: Parser[Condition | Logic] = attempt(_tree_filter) | (
    (_negation + _connective) + _terms
).map(lambda found: Logic(found[0][1], tuple(found[1]), found[0][0]))

logic_path: Parser[list[str]] = sep_by1(field_name, delimiter)
