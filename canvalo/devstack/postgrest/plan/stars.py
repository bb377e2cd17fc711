"""Where `*` must be spelled out: to convert or to group by its columns one by one."""

from dataclasses import replace

from ..catalog.model import Catalog, Name
from ..query import Field
from . import terms
from .nodes import Node, Picked, Spread


def expanded(catalog: Catalog, node: Node, grouped: bool = False) -> Node:
    """The tree with its stars spelled out where that is needed; `grouped`: by a node above."""
    grouped = grouped or _aggregates(node) or node.spread is Spread.MANY
    children = tuple(expanded(catalog, child, grouped) for child in node.children)
    if not (grouped or _has_conversions(catalog, node.table)):
        return replace(node, children=children)
    select = tuple(one for item in node.select for one in _columns(catalog, node, item))
    return replace(node, select=select, children=children)


def _aggregates(node: Node) -> bool:
    """Whether rows are grouped here: aggregates of to-one spreads are computed above them."""
    spread = (child for child in node.children if child.spread is Spread.ONE)
    return any(item.aggregate for item in node.select) or any(map(_aggregates, spread))


def _has_conversions(catalog: Catalog, table: Name) -> bool:
    columns = catalog.columns_of(table).values()
    return any((column.type, "json") in catalog.representations for column in columns)


def _columns(catalog: Catalog, node: Node, item: Picked) -> list[Picked]:
    if item.term.name != "*" or item.term.path:
        return [item]
    if item.aggregate is None:
        names = catalog.columns_of(node.table)
        return [
            replace(item, term=terms.output(catalog, node.table, Field(name))) for name in names
        ]
    if node.spread:  # counted further up, where this row may be missing
        return [replace(item, term=replace(item.term, is_row=True))]
    return [item]
