"""Names, quoted values and JSON paths, which every other part of the grammar uses."""

from typing import TypeVar

from ..query import Field, JsonStep
from .parsec import (
    Parser,
    ahead,
    any_char,
    attempt,
    char,
    digit,
    eof,
    letter,
    many,
    many1,
    none_of,
    not_followed_by,
    one_of,
    option,
    sep_by1,
    string,
)

T = TypeVar("T")

joined = "".join
spaces = many(one_of(" \t"))
delimiter = char(".").label("delimiter (.)")


def lexeme(parser: Parser[T]) -> Parser[T]:
    """Allow blanks around it."""
    return spaces >> parser << spaces


escaped = none_of('\\"') | (char("\\") >> any_char)
quoted: Parser[str] = (char('"') >> many(escaped) << char('"')).map(joined)

identifier: Parser[str] = many1(letter | digit | one_of("_ $")).map(lambda c: joined(c).strip())


def dashed(part: Parser[str]) -> Parser[str]:
    """Let dashes stand inside a name, but not the arrow of a JSON path."""
    dash = attempt(char("-") >> not_followed_by(char(">")))
    return sep_by1(part, dash).map("-".join)


field_name: Parser[str] = (quoted | dashed(identifier)).label("field name (* or [a..z0..9_$])")

json_key: Parser[str] = (
    quoted | dashed(many1(none_of("(-:.,>)")).map(lambda c: joined(c).strip()))
).label("any non reserved character different from: .,>()")

_index_ends = attempt(ahead(string("->")))
for _mark in ("::", ".", ","):
    _index_ends = _index_ends | attempt(ahead(string(_mark)))
_index: Parser[str] = (option("+", char("-")) + many1(digit)).map(
    lambda pair: pair[0] + joined(pair[1])
) << (_index_ends | attempt(eof))

_arrow: Parser[bool] = attempt(string("->>").into(True)) | attempt(string("->").into(False))
_operand: Parser[tuple[str, bool]] = attempt(_index.map(lambda i: (i, True))) | attempt(
    json_key.map(lambda k: (k, False))
)
json_path: Parser[tuple[JsonStep, ...]] = many(
    (_arrow + _operand).map(lambda found: JsonStep(found[0], found[1][0], found[1][1]))
).map(tuple)

field: Parser[Field] = lexeme(
    (field_name + option((), json_path)).map(lambda found: Field(found[0], found[1]))
)

comma: Parser[str] = lexeme(char(","))
columns: Parser[list[str]] = sep_by1(field_name, comma)
tree_path: Parser[tuple[list[str], tuple[JsonStep, ...]]] = sep_by1(field_name, delimiter) + option(
    (), json_path
)
