"""`select=`: columns, aliases, casts, aggregates, embedded and spread relations, as a tree.

Source: PostgREST's documentation, "Resource Embedding" and "Aggregate Functions".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from optimizer.domain.language.filters import DEEPEST
from optimizer.domain.language.scanner import Field, Scanner

_CAST = re.compile(r"[A-Za-z0-9_ $]+")
_AGGREGATE = re.compile(r"(sum|avg|count|max|min)\(\)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer; `*` is all of them. `count()` alone counts rows and names none."""

    field: Field
    alias: str = ""
    cast: bool = False
    aggregate: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the answer shows the column under its own name, as it is."""
        return not (self.alias or self.cast or self.aggregate or self.field.path)


@dataclass(frozen=True, slots=True)
class Embed:
    """An embedded relation: named by itself, by a foreign key or by one of its columns."""

    name: str
    alias: str = ""
    hint: str = ""
    inner: bool = False
    spread: bool = False
    items: "tuple[Item, ...]" = ()


Item = Column | Embed


def parse_select(text: str) -> tuple[Item, ...]:
    """Read a whole `select` parameter. Raises QueryError."""
    scanner = Scanner(text)
    found = _items(scanner, 0)
    scanner.end()
    return found


def columns_of(items: tuple[Item, ...]) -> Iterator[Column]:
    """The columns of the relation itself."""
    return (item for item in items if isinstance(item, Column))


def embeds_of(items: tuple[Item, ...]) -> Iterator[Embed]:
    """The relations embedded in the relation itself."""
    return (item for item in items if isinstance(item, Embed))


def aggregates(items: tuple[Item, ...]) -> bool:
    """Whether rows are folded, here or in a relation that is spread into this one."""
    spread = (embed.items for embed in embeds_of(items) if embed.spread)
    return any(c.aggregate for c in columns_of(items)) or any(map(aggregates, spread))


def _items(scanner: Scanner, depth: int) -> tuple[Item, ...]:
    if depth >= DEEPEST:
        scanner.refuse(f"no more than {DEEPEST} levels")
    scanner.blanks()
    if scanner.ended or scanner.sees(")"):
        return ()
    found = [_item(scanner, depth)]
    while scanner.take(","):
        found.append(_item(scanner, depth))
    return tuple(found)


def _item(scanner: Scanner, depth: int) -> Item:
    scanner.blanks()
    found = _spread(scanner, depth) if scanner.take("...") else _named(scanner, depth)
    scanner.blanks()
    return found


def _spread(scanner: Scanner, depth: int) -> Embed:
    name = scanner.name()
    return _embed(scanner, Embed(name, spread=True), depth)


def _named(scanner: Scanner, depth: int) -> Item:
    if scanner.take("*"):
        return Column(Field("*"))
    alias, name = "", scanner.name()
    if scanner.sees(":") and not scanner.sees("::"):
        scanner.take(":")
        alias, name = name, scanner.name()
    if name == "count" and scanner.take("()"):
        return Column(Field("*"), alias, _cast(scanner), "count")
    if scanner.sees("!") or scanner.sees("("):
        return _embed(scanner, Embed(name, alias), depth)
    return _column(scanner, Field(name, scanner.path()), alias)


def _column(scanner: Scanner, field: Field, alias: str) -> Column:
    cast, aggregate = _cast(scanner), ""
    if scanner.take("."):
        aggregate = scanner.match(_AGGREGATE) or scanner.refuse("an aggregate function")
        cast = _cast(scanner) or cast
    return Column(field, alias, cast, aggregate.removesuffix("()"))


def _cast(scanner: Scanner) -> bool:
    if not scanner.take("::"):
        return False
    if scanner.match(_CAST) is None:
        scanner.refuse("a type")
    return True


def _embed(scanner: Scanner, head: Embed, depth: int) -> Embed:
    hint, inner = "", False
    while scanner.take("!"):
        word = scanner.name()
        inner = inner or word == "inner"
        hint = hint or ("" if word in ("inner", "left") else word)  # the first counts
    scanner.expect("(")
    items = _items(scanner, depth + 1)
    scanner.expect(")")
    return Embed(head.name, head.alias, hint, inner, head.spread, items)
