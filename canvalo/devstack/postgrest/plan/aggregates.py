"""Aggregates: whether they are allowed, and at which level of a spread they are computed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .. import errors
from .nodes import Export, Node, Picked, Spread

TO_MANY = "Aggregates are not implemented for one-to-many or many-to-many spreads."


def named(node: Node) -> Node:
    """The tree with a name for every column that PostgreSQL would not name as PostgREST does."""
    select = tuple(replace(one, alias=_alias(one, node.spread is not None)) for one in node.select)
    return replace(node, select=select, children=tuple(named(child) for child in node.children))


def _alias(item: Picked, spread: bool) -> str | None:
    if item.alias is not None:
        return item.alias
    if item.aggregate:
        return item.aggregate if spread else None
    if item.term.path:
        return _last_key(item)
    return item.term.name if item.term.convert else None


def _last_key(item: Picked) -> str:
    keys = [step.key for step in item.term.path if not step.is_index]
    return keys[-1] if keys else item.term.name


def check(node: Node, allowed: bool) -> None:
    """Raise `Refusal` (PGRST123) where an aggregate is asked for and they are off."""
    if not allowed and any(item.aggregate for item in node.select):
        raise errors.no_aggregates()
    for child in node.children:
        check(child, allowed)


def with_exports(node: Node) -> Node:
    """The tree with what each spread node gives its parent."""
    node = replace(node, children=tuple(with_exports(child) for child in node.children))
    return replace(node, exports=tuple(_exports(node))) if node.spread else node


def _exports(node: Node) -> Iterator[Export]:
    names = [item.alias or item.term.name for item in node.select]
    yield from (Export(name) for name in names)
    for child in node.children:
        if "*" in names or (child.is_empty and not child.spread):
            continue
        yield from child.exports if child.spread else (Export(child.label),)


def hoisted(node: Node) -> Node:
    """The tree with the aggregates of to-one spreads moved up to where rows are grouped.

    Raises `Refusal` (PGRST127) for aggregates inside a to-many spread.
    """
    return _hoist(node)[0]


def _hoist(node: Node) -> tuple[Node, Mapping[str, Picked]]:
    """The node, and the aggregates that its parent must compute, by the column's name."""
    done = [_hoist(child) for child in node.children]
    if node.spread is Spread.ONE:
        below = {name: item for _, moved in done for name, item in moved.items()}
        own = {item.alias or item.term.name: item for item in node.select if item.aggregate}
        select = tuple(replace(i, aggregate=None, aggregate_cast=None) for i in node.select)
        return replace(node, select=select, children=tuple(c for c, _ in done)), {**below, **own}
    children = tuple(_aggregating(child, moved) for child, moved in done)
    if node.spread is Spread.MANY and (_aggregates(node.select) or any(m for _, m in done)):
        raise errors.not_implemented(TO_MANY)
    return replace(node, children=children), {}


def _aggregates(select: tuple[Picked, ...]) -> bool:
    return any(item.aggregate for item in select)


def _aggregating(child: Node, moved: Mapping[str, Picked]) -> Node:
    exports = tuple(
        Export(e.name, moved[e.name].alias, moved[e.name].aggregate, moved[e.name].aggregate_cast)
        if e.name in moved
        else e
        for e in child.exports
    )
    return replace(child, exports=exports)
