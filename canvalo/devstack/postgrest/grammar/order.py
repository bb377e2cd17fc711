"""`order=`: columns, directions, nulls, and columns of to-one embedded relations."""

from ..query import OrderTerm
from .names import delimiter, field, field_name, lexeme
from .parsec import (
    Parser,
    ahead,
    attempt,
    between,
    char,
    eof,
    maybe,
    sep_by1,
    string,
)

_direction = maybe(attempt(delimiter >> string("asc")) | attempt(delimiter >> string("desc")))
_nulls = maybe(
    attempt(delimiter >> string("nullsfirst")) | attempt(delimiter >> string("nullslast"))
)
_ends = attempt(ahead(char(","))) | attempt(eof)
_rest = (_direction + _nulls) << _ends

_related: Parser[OrderTerm] = ((field_name + between(char("("), char(")"), field)) + _rest).map(
    lambda found: OrderTerm(found[0][1], found[1][0], found[1][1], found[0][0])
)
_own: Parser[OrderTerm] = (field + _rest).map(
    lambda found: OrderTerm(found[0], found[1][0], found[1][1])
)
order_terms: Parser[list[OrderTerm]] = sep_by1(lexeme(attempt(_related) | _own), char(","))
