"""From foreign keys and views to every relationship that can be embedded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from .model import (
    MANY_TO_MANY,
    MANY_TO_ONE,
    ONE_TO_MANY,
    ONE_TO_ONE,
    Junction,
    Name,
    Relationship,
    Table,
)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `unique` says that no two rows of the table have the same values in it."""

    constraint: str
    table: Name
    target: Name
    columns: tuple[tuple[str, str], ...]
    unique: bool


# For each table: the views on it, each as {column of the table: columns of the view}.
Views = dict[Name, list[tuple[Name, dict[str, tuple[str, ...]]]]]


def all_relationships(
    keys: Iterable[ForeignKey], views: Views, tables: dict[Name, Table], exposed: Iterable[str]
) -> list[Relationship]:
    """Every relationship between exposed relations, in both directions."""
    direct = [rel for key in keys for rel in _with_views(key, views)]
    to_one = direct + [_inverse(rel) for rel in direct]
    found = to_one + list(_many_to_many(direct, tables))
    allowed = set(exposed)
    return [rel for rel in found if _is_exposed(rel, allowed)]


def _with_views(key: ForeignKey, views: Views) -> Iterator[Relationship]:
    """The foreign key itself, and the same between views that show its columns."""
    sources = [(key.table, None), *views.get(key.table, [])]
    targets = [(key.target, None), *views.get(key.target, [])]
    for (source, shown), (target, target_shown) in product(sources, targets):
        here = _seen_as([own for own, _ in key.columns], shown)
        there = _seen_as([other for _, other in key.columns], target_shown)
        for own, other in product(here, there):
            yield Relationship(
                source,
                target,
                ONE_TO_ONE if key.unique else MANY_TO_ONE,
                key.constraint,
                tuple(zip(own, other, strict=True)),
                table_is_view=shown is not None,
                target_is_view=target_shown is not None,
            )


def _seen_as(columns: list[str], shown: dict[str, tuple[str, ...]] | None) -> list[tuple[str, ...]]:
    if shown is None:
        return [tuple(columns)]
    return list(product(*(shown.get(column, ()) for column in columns)))


def _inverse(rel: Relationship) -> Relationship:
    return replace(
        rel,
        table=rel.target,
        target=rel.table,
        cardinality=ONE_TO_ONE if rel.cardinality == ONE_TO_ONE else ONE_TO_MANY,
        columns=tuple((other, own) for own, other in rel.columns),
        table_is_view=rel.target_is_view,
        target_is_view=rel.table_is_view,
        is_parent=rel.cardinality == ONE_TO_ONE,
    )


def _many_to_many(rels: list[Relationship], tables: dict[Name, Table]) -> Iterator[Relationship]:
    """Two foreign keys that both are part of their table's primary key make it a junction."""
    by_table: dict[Name, list[Relationship]] = {}
    for rel in rels:
        if rel.cardinality == MANY_TO_ONE:
            by_table.setdefault(rel.table, []).append(rel)
    for table, group in by_table.items():
        key = set(tables[table].key) if table in tables else set()
        for one, two in product(group, group):
            used = {own for own, _ in one.columns + two.columns}
            if one.constraint != two.constraint and used <= key:
                yield _through(table, one, two)


def _through(table: Name, one: Relationship, two: Relationship) -> Relationship:
    return Relationship(
        one.target,
        two.target,
        MANY_TO_MANY,
        junction=Junction(
            table,
            one.constraint,
            two.constraint,
            tuple((other, own) for own, other in one.columns),
            tuple((other, own) for own, other in two.columns),
        ),
        table_is_view=one.target_is_view,
        target_is_view=two.target_is_view,
    )


def _is_exposed(rel: Relationship, exposed: set[str]) -> bool:
    names = [rel.table, rel.target] + ([rel.junction.table] if rel.junction else [])
    return all(name.schema in exposed for name in names)
