"""A request and a catalog → one parametrised statement, or a typed refusal. Pure: no I/O."""

from . import lookup_errors
from .catalog.model import Catalog, Function, Name
from .plan import call as calls
from .plan import media, write
from .plan.nodes import Node
from .plan.read import read_tree
from .query import ALL
from .request import Action, Request
from .sql import body as bodies
from .sql import call as call_sql
from .sql import read as read_sql
from .sql import wrap
from .sql import write as write_sql
from .sql.fragments import Parameters
from .statement import Options, Plan, Statement

COUNTED = ("exact", "estimated")
# The settings of a function that must hold before it is called.
HOISTED = {"statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"}


def translate(request: Request, catalog: Catalog, options: Options) -> Plan:
    """Plan a request; raises `Refusal` where the catalog, or PostgREST, does not allow it."""
    if request.action is Action.READ:
        return _read(request, catalog, options)
    if request.action is Action.CALL:
        return _call(request, catalog, options)
    return _write(request, catalog, options)


def _read(request: Request, catalog: Catalog, options: Options) -> Plan:
    table = _table(request, catalog)
    root = read_tree(request, catalog, options, table)
    body, content_type = _body(request, catalog, root)
    p = Parameters()
    text = wrap.wrapped(
        read_sql.select(p, root),
        wrap.ALL_ROWS,
        body=bodies.NO_BODY if request.headers_only else body,
        count=_count(p, request, options, root),
        total=_total(request),
    )
    return Plan(_statement(text, p), content_type, True, _estimate(request, root))


def _write(request: Request, catalog: Catalog, options: Options) -> Plan:
    write.check_range(request)
    table = catalog.tables[_table(request, catalog)]
    root = read_tree(request, catalog, options, table.name)
    plan = write.write(request, catalog, table, root)
    body, content_type = _body(request, catalog, root)
    wants_rows, p = request.preferences.wants_rows, Parameters()
    located = request.preferences.representation == "headers-only" and bool(table.key)
    text = wrap.wrapped(
        write_sql.statement(p, plan),
        read_sql.select(p, root) if wants_rows else wrap.ALL_ROWS,
        body=body if wants_rows else bodies.NO_BODY,
        location=wrap.location(p, table.key) if plan.is_new and located else wrap.NO_LOCATION,
        inserted=write_sql.inserted() if plan.merges else wrap.NO_COUNT,
    )
    return Plan(_statement(text, p), content_type, False)


def _call(request: Request, catalog: Catalog, options: Options) -> Plan:
    function = calls.find(request, catalog)
    root = read_tree(request, catalog, options, calls.target(function))
    body, content_type = _body(request, catalog, root, function)
    p = Parameters()
    text = wrap.wrapped(
        call_sql.statement(p, calls.call(request, catalog, function, root)),
        read_sql.select(p, root),
        body=bodies.NO_BODY if request.headers_only else body,
        count=_count(p, request, options, root),
        total=_total(request),
    )
    read_only = request.method != "POST" or function.volatility != "v"
    settings = tuple(pair for pair in function.settings if pair[0] in HOISTED)
    return Plan(_statement(text, p), content_type, read_only, None, settings, function)


def _table(request: Request, catalog: Catalog) -> Name:
    name = Name(request.schema, request.name)
    if name not in catalog.tables:
        raise lookup_errors.unknown_table(name, catalog)
    return name


def _body(
    request: Request, catalog: Catalog, root: Node, function: Function | None = None
) -> tuple[str, str]:
    """The expression for the body, and its content type."""
    if function and media.is_own_type(function, request.media):
        return bodies.raw_scalar(), media.content_type(request.media, function.returns.name)
    found = media.handler(catalog, request.media, root.table, root.selects_everything)
    content_type = media.content_type(request.media, found.media if found else None)
    return bodies.body(request.media, found, function), content_type


def _count(p: Parameters, request: Request, options: Options, root: Node) -> str | None:
    """The query whose rows are counted, where the page alone does not tell their number."""
    cut = options.max_rows is not None or request.span != ALL
    if request.preferences.count not in COUNTED or not cut:
        return None
    counted = read_sql.count(p, root)
    limited = request.preferences.count == "estimated" and request.action is Action.READ
    if not limited or options.max_rows is None:
        return counted
    return f"{counted} LIMIT {p.add(str(options.max_rows + 1))}"


def _total(request: Request) -> str:
    return wrap.PAGE if request.preferences.count in COUNTED else wrap.NO_TOTAL


def _estimate(request: Request, root: Node) -> Statement | None:
    if request.preferences.count not in ("planned", "estimated"):
        return None
    p = Parameters()
    return _statement(f"EXPLAIN (FORMAT JSON) {read_sql.count(p, root)}", p)


def _statement(text: str, p: Parameters) -> Statement:
    return Statement(text, tuple(p.values))
