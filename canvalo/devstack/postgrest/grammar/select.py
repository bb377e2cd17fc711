"""`select=`: columns, casts, aggregates, embedded and spread relations."""

from ..query import Field, SelectField, SelectItem, SelectRelation
from .names import comma, field, field_name, identifier, lexeme
from .parsec import (
    Parser,
    ahead,
    always,
    attempt,
    between,
    char,
    eof,
    lazy,
    maybe,
    never,
    not_followed_by,
    sep_by,
    string,
)

alias = maybe(attempt(field_name << (char(":") >> not_followed_by(char(":")))))
cast = maybe(string("::") >> identifier)
item_ends = attempt(ahead(string(")"))) | attempt(ahead(string(","))) | attempt(eof)

aggregate: Parser[str] = (
    string("sum")
    | string("avg")
    | string("count")
    | attempt(string("max"))
    | attempt(string("min"))
    | never()
)

_parameter: Parser[tuple[str, str]] = char("!") >> (
    attempt(string("left").map(lambda j: ("join", j)))
    | attempt(string("inner").map(lambda j: ("join", j)))
    | attempt(field_name.map(lambda h: ("hint", h)))
)


def _hint_and_join(
    found: tuple[tuple[str, str] | None, tuple[str, str] | None],
) -> dict[str, str]:
    return dict(reversed([parameter for parameter in found if parameter]))


embed_parameters: Parser[dict[str, str]] = (maybe(_parameter) + maybe(_parameter)).map(
    _hint_and_join
)
opens = attempt(ahead(string("(")))

_relation_name = field_name.then(lambda name: never() if name == "count" else always(name))
relation_head: Parser[SelectRelation] = lexeme(
    ((alias + _relation_name) + embed_parameters << opens).map(
        lambda found: SelectRelation(
            found[0][1], found[0][0], found[1].get("hint"), found[1].get("join")
        )
    )
)
spread_head: Parser[SelectRelation] = lexeme(
    ((string("...") >> field_name) + embed_parameters << opens).map(
        lambda found: SelectRelation(
            found[0], None, found[1].get("hint"), found[1].get("join"), spread=True
        )
    )
)

_star = (string("*") << item_ends).into(SelectField(Field("*")))
_count = ((alias << string("count()")) + cast << item_ends).map(
    lambda found: SelectField(Field("*"), found[0], aggregate="count", aggregate_cast=found[1])
)
_aggregated = maybe(attempt(char(".") >> aggregate << string("()")))
_plain = ((alias + field) + cast + (_aggregated + cast) << item_ends).map(
    lambda found: SelectField(found[0][0][1], found[0][0][0], found[0][1], found[1][0], found[1][1])
)
select_field: Parser[SelectField] = lexeme(attempt(_star) | attempt(_count) | _plain)


def _with_items(found: tuple[SelectRelation, tuple[SelectItem, ...]]) -> SelectRelation:
    head, items = found
    return SelectRelation(head.name, head.alias, head.hint, head.join, head.spread, items)


_items = between(char("("), char(")"), lazy(lambda: select_items))
_item: Parser[SelectItem] = (
    (attempt(spread_head) + _items).map(_with_items)
    | (attempt(relation_head) + _items).map(_with_items)
    | select_field
)
select_items: Parser[tuple[SelectItem, ...]] = sep_by(_item, comma).map(tuple)
