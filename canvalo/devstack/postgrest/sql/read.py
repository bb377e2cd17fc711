# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""Trees of nodes → SELECT: each embedded relation is a lateral join."""

from ..catalog.model import Name
from ..plan.nodes import EmbedIsNull, Node, Sort, Spread
from ..query import ALL, Span
from .conditions import condition, where, where_all
from .fields import exported, order_by, picked, sort_direction, sort_value
from .fragments import Parameters, column, identifier, qualified


def select(p: Parameters, node: Node) -> str:
    """The rows of a node, with what is embedded in them."""
    outputs = _outputs(p, node)
    parts = [
        f"SELECT {', '.join(text for text, _ in outputs)}",
        f"FROM {_source(node)}",
        *(_join(p, child) for child in node.children),
        where(p, node.row, node.tests, _join_conditions(node)),
        _group_by([is_aggregate for _, is_aggregate in outputs]),
        order_by(p, node.row, node.order),
        _limit(p, node.span),
    ]
    return " ".join(part for part in parts if part)


def _outputs(p: Parameters, node: Node) -> list[tuple[str, bool]]:
    """The columns of a select list, each with whether it is an aggregate."""
    own = [(picked(p, node.row, item), bool(item.aggregate)) for item in node.select]
    if not node.select and not node.children:
        own = [(column(node.row, "*"), False)]  # whoever gathers the rows leaves them out again
    if node.spread is Spread.MANY:
        own += [
            (f"{sort_value(p, node.row, sort)} AS {_sort_name(node, i)}", False)
            for i, sort in _sorts(node)
        ]
    return own + [output for child in node.children for output in _child_outputs(child)]


def _child_outputs(child: Node) -> list[tuple[str, bool]]:
    if child.spread:
        return [(exported(child.lateral, e), bool(e.aggregate)) for e in child.exports]
    if child.is_empty:
        return []
    lateral, label = identifier(child.lateral), identifier(child.label)
    one, many = f"row_to_json({lateral}.*)::jsonb", f"COALESCE({lateral}.{lateral}, '[]')"
    return [(f"{one if child.to_one else many} AS {label}", False)]


def _join(p: Parameters, child: Node) -> str:
    lateral, rows = identifier(child.lateral), select(p, child)
    kind, condition = ("INNER", f"{lateral} IS NOT NULL") if child.inner else ("LEFT", "TRUE")
    if child.to_one:
        condition = "TRUE"
    else:
        rows = f"SELECT {', '.join(_gathered(child))} FROM ({rows}) AS {lateral}"
    return f"{kind} JOIN LATERAL ({rows}) AS {lateral} ON {condition}"


def _gathered(child: Node) -> list[str]:
    """To-many rows as one row: as an array of objects, or column by column where spread."""
    lateral = identifier(child.lateral)
    names = dict.fromkeys(export.alias or export.name for export in child.exports)
    order = ", ".join(
        f"{lateral}.{_sort_name(child, i)}{sort_direction(sort)}" for i, sort in _sorts(child)
    )
    ordered = f" ORDER BY {order}" if order else ""
    arrays = [
        f"COALESCE(json_agg({lateral}.{identifier(name)}{ordered}), '[]')::jsonb"
        f" AS {identifier(name)}"
        for name in names
        if child.spread
    ]
    return [f"json_agg({lateral})::jsonb AS {lateral}", *arrays]


def _sorts(node: Node) -> "enumerate[Sort]":
    return enumerate(node.order, 1)


def _sort_name(node: Node, index: int) -> str:
    """A spread relation's arrays are ordered by columns that need not be selected."""
    return identifier(f"{node.lateral}_{node.order[index - 1].term.name}_{index}")


def _source(node: Node) -> str:
    alias = f" AS {identifier(node.source_alias)}" if node.source_alias else ""
    rel = node.relation
    if rel and rel.function and node.parent:
        # The cast picks the right overload where the parent's row comes from a subquery.
        argument = f"{column(node.parent, '*')}::{qualified(rel.table)}"
        return f"{qualified(rel.function)}({argument}){alias}"
    junction = f", {qualified(rel.junction.table)}" if rel and rel.junction else ""
    return f"{qualified(node.source)}{alias}{junction}"


def _join_conditions(node: Node) -> list[str]:
    rel, parent = node.relation, node.parent
    if rel is None or parent is None:
        return []
    if rel.junction is None:
        return [_equal(node.row, other, parent, own) for own, other in rel.columns]
    middle = rel.junction.table
    return [
        *(_equal(node.row, own, middle, used) for own, used in rel.junction.target_columns),
        *(_equal(middle, used, parent, own) for own, used in rel.junction.source_columns),
    ]


def _equal(row: Name, name: str, other_row: Name, other: str) -> str:
    return f"{column(row, name)} = {column(other_row, other)}"


def _group_by(aggregates: list[bool]) -> str:
    """Grouped by position: a name might mean a column of a joined relation."""
    positions = [str(n) for n, is_aggregate in enumerate(aggregates, 1) if not is_aggregate]
    return f"GROUP BY {', '.join(positions)}" if positions and any(aggregates) else ""


def _limit(p: Parameters, span: Span) -> str:
    if span == ALL:
        return ""
    limit = "ALL" if span.limit is None else p.add(str(span.limit))
    return f"LIMIT {limit} OFFSET {p.add(str(span.offset))}"


def count(p: Parameters, node: Node) -> str:
    """One row for each row of the node, whatever its range; inner joins become EXISTS."""

    def absent(test: EmbedIsNull) -> str:
        child = next(c for c in node.children if c.lateral == test.lateral)
        return f"{'' if test.negated else 'NOT '}EXISTS ({count(p, child)})"

    conditions = [condition(p, node.row, test, absent) for test in node.tests]
    conditions += _join_conditions(node)
    conditions += [f"EXISTS ({count(p, child)})" for child in node.children if child.inner]
    return f"SELECT 1 FROM {_source(node)} {where_all(conditions)}".rstrip()
