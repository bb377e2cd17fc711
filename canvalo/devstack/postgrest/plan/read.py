"""A request's select tree → a tree of nodes with relationships, tests, order and ranges."""

from dataclasses import dataclass, replace

from ..catalog.model import Catalog, Name, Relationship
from ..query import Condition, Logic, OrderTerm, SelectField, SelectItem, SelectRelation
from ..request import Action, Request
from ..statement import Options
from . import aggregates, embeds, relations, stars, terms
from .branches import Branch, here
from .nodes import SOURCE, Connective, Node, Picked, Predicate, Sort, Spread, Test

WRITES = (Action.INSERT, Action.UPDATE, Action.UPSERT_ONE, Action.DELETE)


def read_tree(request: Request, catalog: Catalog, options: Options, table: Name) -> Node:
    """Everything that is read: from `table`, or from the rows of the write or call on it.

    Raises `Refusal` (PGRST108, 118, 123, 127, 200, 201).
    """
    planner = _Planner(catalog, options, request.action not in WRITES)
    branch = _branch(request)
    branch.check(request.query.select)
    tree = planner.fill(_root(request, table), request.query.select, branch)
    tree = aggregates.named(stars.expanded(catalog, tree))
    tree = embeds.resolved(tree)
    aggregates.check(tree, options.aggregates)
    return aggregates.hoisted(aggregates.with_exports(tree))


def _root(request: Request, table: Name) -> Node:
    if request.action is Action.READ:
        return Node(table.name, table, table)
    return Node(table.name, table, SOURCE, table.name)


def _branch(request: Request) -> Branch:
    """A write has used the filters of its own relation already, and takes no ranges."""
    query, writes = request.query, request.action in WRITES
    return Branch(
        tuple(one for one in query.filters if one[0] or not writes),
        query.order,
        () if writes else (*(one for one in query.ranges if one[0]), ((), request.span)),
        tuple(one for one in query.logic if one[0] or not writes),
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    catalog: Catalog
    options: Options
    limited: bool  # whether max_rows holds

    def fill(
        self, node: Node, items: tuple[SelectItem, ...], branch: Branch, depth: int = 0
    ) -> Node:
        """The node with all that the request says of it, and its children."""
        fields = [item for item in items if isinstance(item, SelectField)]
        embedded = [item for item in items if isinstance(item, SelectRelation)]
        span = next(iter(here(branch.ranges)), node.span)
        order = next(iter(here(branch.order)), ())
        return replace(
            node,
            select=tuple(self._picked(node.table, item) for item in fields),
            tests=tests_of(self.catalog, node.table, here(branch.filters), here(branch.logic)),
            order=tuple(self._sort(node.table, term) for term in order),
            span=span.at_most(self.options.max_rows) if self.limited else span,
            children=tuple(
                self._child(node, item, branch.below(items, item), depth + 1) for item in embedded
            ),
        )

    def _child(self, parent: Node, item: SelectRelation, branch: Branch, depth: int) -> Node:
        rel = relations.find(self.catalog, parent.table, item)
        label = item.alias or item.name
        child = Node(
            label,
            rel.target,
            rel.target,
            # A junction's conditions name the tables themselves.
            None if rel.junction else f"{rel.target.name}_{depth}",
            relation=rel,
            parent=parent.row,
            lateral=f"{rel.table.name}_{label}_{depth}",
            inner=item.join == "inner",
            spread=_spread(item, rel),
        )
        return self.fill(child, item.items, branch, depth)

    def _picked(self, table: Name, item: SelectField) -> Picked:
        term = terms.output(self.catalog, table, item.field)
        return Picked(term, item.alias, item.cast, item.aggregate, item.aggregate_cast)

    def _sort(self, table: Name, wanted: OrderTerm) -> Sort:
        own = wanted.relation is None
        term = terms.plain(self.catalog, table if own else Name("", ""), wanted.field)
        return Sort(term, wanted.direction, wanted.nulls, wanted.relation)


def _spread(item: SelectRelation, rel: Relationship) -> Spread | None:
    if not item.spread:
        return None
    return Spread.ONE if rel.to_one else Spread.MANY


def tests_of(
    catalog: Catalog, table: Name, filters: list[Condition], logic: list[Logic]
) -> tuple[Test, ...]:
    """Filters and logic trees on one relation, with their columns looked up."""
    every: list[Condition | Logic] = [*filters, *logic]
    return tuple(_test(catalog, table, one) for one in every)


def _test(catalog: Catalog, table: Name, one: Condition | Logic) -> Test:
    if isinstance(one, Logic):
        inner = tuple(_test(catalog, table, term) for term in one.terms)
        return Connective(one.operator, inner, one.negated)
    term = terms.compared(catalog, table, one.field)
    return Predicate(term, one.operation, one.negated)
