"""Where a parameter speaks of an embedded relation as a whole: related order, null filters."""

from dataclasses import replace

from .. import errors
from ..query import Is
from .nodes import Connective, EmbedIsNull, Node, Predicate, Sort, Test


def resolved(node: Node) -> Node:
    """The tree with such parameters pointing at the joins; raises `Refusal` (PGRST108, 118)."""
    return replace(
        node,
        order=tuple(_sort(node, sort) for sort in node.order),
        tests=tuple(_test(node, test) for test in node.tests),
        children=tuple(resolved(child) for child in node.children),
    )


def _sort(node: Node, sort: Sort) -> Sort:
    if sort.embed is None:
        return sort
    child = _child(node, sort.embed)
    if child is None:
        raise errors.not_embedded(sort.embed)
    if not child.to_one:
        raise errors.order_not_to_one(node.table.name, child.label)
    return replace(sort, embed=child.lateral)


def _test(node: Node, test: Test) -> Test:
    """Only `is.null` can be asked of a relation; anything else is about a column of that name."""
    if isinstance(test, Connective):
        return replace(test, tests=tuple(_test(node, one) for one in test.tests))
    if isinstance(test, Predicate) and test.operation == Is("null") and not test.term.path:
        child = _child(node, test.term.name)
        if child is not None:
            return EmbedIsNull(child.lateral, test.negated)
    return test


def _child(node: Node, label: str) -> Node | None:
    return next((child for child in node.children if child.label == label), None)
