"""Requests that change rows → which columns are written, on which rows, and what comes back."""

from dataclasses import dataclass

from .. import errors, lookup_errors
from ..catalog.model import Catalog, Table
from ..query import ALL, Compare, Condition
from ..request import Action, Payload, Request
from . import returning, terms
from .nodes import Node, Term, Test
from .read import tests_of

NOTHING = Payload(b"{}", frozenset(), is_empty=True)
MERGE = "merge-duplicates"


@dataclass(frozen=True, slots=True)
class Write:
    """One INSERT, UPDATE or DELETE."""

    action: Action
    table: Table
    payload: Payload = NOTHING
    columns: tuple[Term, ...] = ()
    defaults: tuple[tuple[str, str], ...] | None = None  # for what a row does not mention
    resolution: str | None = None
    conflict: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    returning: tuple[str, ...] = ()

    @property
    def merges(self) -> bool:
        """Whether a row that is there already is overwritten."""
        return self.resolution == MERGE

    @property
    def is_new(self) -> bool:
        """Whether rows are added, so that a new one has a location."""
        return self.action is Action.INSERT


def write(request: Request, catalog: Catalog, table: Table, root: Node) -> Write:
    """Plan a write whose result `root` reads; raises `Refusal` (PGRST105, 204)."""
    if request.action is Action.UPSERT_ONE:
        _check_put(request, table)
    columns = _columns(request, catalog, table)
    inserts = request.action is Action.INSERT
    resolution = request.preferences.resolution if inserts else _put_resolution(request)
    return Write(
        request.action,
        table,
        request.payload or NOTHING,
        columns,
        _defaults(request, table, columns),
        resolution,
        _conflict(request, table) if resolution else (),
        () if inserts else _tests(request, catalog, table),
        _returning(request, catalog, table, root),
    )


def check_range(request: Request) -> None:
    """Raise `Refusal` (PGRST114) for a PUT with a range, whatever it is a PUT to."""
    if request.action is Action.UPSERT_ONE and request.span != ALL:
        raise errors.put_with_limit()


def _check_put(request: Request, table: Table) -> None:
    """PUT names one row, by its whole key and nothing else."""
    query = request.query
    exact = all(_is_equality(condition) for condition in query.root_filters)
    named = query.filter_names == frozenset(table.key)
    if any(not path for path, _ in query.logic) or not (table.key and named and exact):
        raise errors.bad_put_filters()


def _is_equality(condition: Condition) -> bool:
    operation = condition.operation
    plain = isinstance(operation, Compare) and operation.operator == "eq"
    return plain and not condition.negated and getattr(operation, "quantifier", None) is None


def _columns(request: Request, catalog: Catalog, table: Table) -> tuple[Term, ...]:
    if request.action is Action.DELETE:
        return ()
    names = sorted((request.payload or NOTHING).keys or ())
    for name in names:
        if name not in table.columns:
            raise lookup_errors.unknown_column(table.name, name)
    return tuple(terms.written(catalog, table.name, name) for name in names)


def _put_resolution(request: Request) -> str | None:
    return MERGE if request.action is Action.UPSERT_ONE else None


def _conflict(request: Request, table: Table) -> tuple[str, ...]:
    chosen = request.query.on_conflict if request.action is Action.INSERT else None
    return table.key if chosen is None else chosen


def _defaults(
    request: Request, table: Table, columns: tuple[Term, ...]
) -> tuple[tuple[str, str], ...] | None:
    if request.preferences.missing != "default" or request.action is Action.UPSERT_ONE:
        return None
    found = ((term.name, table.columns[term.name].default) for term in columns)
    return tuple((name, default) for name, default in found if default is not None)


def _tests(request: Request, catalog: Catalog, table: Table) -> tuple[Test, ...]:
    logic = [tree for path, tree in request.query.logic if not path]
    return tests_of(catalog, table.name, list(request.query.root_filters), logic)


def _returning(request: Request, catalog: Catalog, table: Table, root: Node) -> tuple[str, ...]:
    if request.preferences.representation in (None, "minimal"):
        return ()
    return returning.columns(catalog, root, table.key)
