"""Which columns a write or a call must return, so that what is read from them can be built."""

from collections.abc import Iterable

from ..catalog.model import COMPUTED, Catalog
from .nodes import Connective, Node, Predicate, Test

EVERYTHING = ("*",)


def columns(catalog: Catalog, root: Node, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The names that select, order, tests and joins of `root` use, and `more`; sorted."""
    picked = {item.term.name for item in root.select}
    joined = {name for child in root.children for name in _joined(child)}
    needed = picked | joined | {s.term.name for s in root.order if s.embed is None}
    needed |= _tested(root.tests) | set(more)
    if any(child.relation and child.relation.cardinality == COMPUTED for child in root.children):
        needed.add("*")  # the function takes the whole row
    if "*" not in needed:
        return tuple(sorted(needed))
    known = catalog.columns_of(root.table)
    extra = sorted(picked - known.keys() - {"*"}) if known else []
    return (*EVERYTHING, *extra)  # computed columns are no part of `*`


def _joined(child: Node) -> list[str]:
    rel = child.relation
    if rel is None or rel.cardinality == COMPUTED:
        return []
    pairs = rel.junction.source_columns if rel.junction else rel.columns
    return [own for own, _ in pairs]


def _tested(tests: tuple[Test, ...]) -> set[str]:
    names: set[str] = set()
    for test in tests:
        if isinstance(test, Predicate):
            names.add(test.term.name)
        elif isinstance(test, Connective):
            names |= _tested(test.tests)
    return names
