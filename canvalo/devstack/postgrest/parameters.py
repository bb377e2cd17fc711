"""A query string → `Query`: which parameter means what, and the parsers that read it."""

from typing import TypeVar
from urllib.parse import quote, unquote_to_bytes

from . import errors
from .grammar import filters, names, order, select
from .grammar.parsec import ParseFailed, Parser, parse
from .query import ALL, Condition, EmbedPath, Field, Logic, OrderTerm, Query, Span

RESERVED = {"select", "columns", "on_conflict"}
LAST_WORDS = {"order", "limit", "offset", "and", "or"}

T = TypeVar("T")

Pairs = list[tuple[str, str]]


def read_query(query_string: str, *, arguments_allowed: bool) -> Query:
    """Parse a whole query string; only GET calls of functions may carry plain arguments."""
    everything = _pairs(query_string)
    pairs: Pairs = [(key, value) for key, value in everything if value is not None]
    first = dict(reversed(pairs))
    conditions, arguments = _conditions(pairs, arguments_allowed)
    return Query(
        select=tuple(_parsed(select.select_items, "select parameter", first.get("select", "*"))),
        filters=tuple(conditions),
        logic=tuple(_logic(key, value) for key, value in pairs if _last(key) in ("and", "or")),
        order=tuple(_order(key, value) for key, value in pairs if _last(key) == "order"),
        ranges=tuple(_ranges(pairs).items()),
        columns=_names(first, "columns") if "columns" in first else None,
        on_conflict=_name_list(first, "on_conflict") if "on_conflict" in first else None,
        arguments=tuple(arguments),
        filter_names=frozenset(key for key, _ in pairs if _is_filter(key)),
        canonical=_canonical(everything),
    )


def _pairs(query_string: str) -> list[tuple[str, str | None]]:
    parts = [part for part in query_string.replace(";", "&").split("&") if part]
    split = [part.partition("=") for part in parts]
    return [(_text(key), _text(value) if equals else None) for key, equals, value in split]


def _text(part: str) -> str:
    return unquote_to_bytes(part.replace("+", " ")).decode("utf-8", "replace")


def _canonical(pairs: list[tuple[str, str | None]]) -> str:
    ordered = sorted(pairs, key=lambda pair: pair[0])
    return "&".join(f"{_escaped(key)}={_escaped(value or '')}" for key, value in ordered)


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _is_filter(key: str) -> bool:
    return key not in RESERVED and _last(key) not in LAST_WORDS


def _parsed(parser: Parser[T], what: str, text: str) -> T:
    try:
        return parse(parser, text, f"failed to parse {what} ({text})")
    except ParseFailed as failed:
        raise errors.bad_parameter(failed.where, failed.why) from None


def _names(first: dict[str, str], name: str) -> frozenset[str]:
    return frozenset(_parsed(names.columns, "columns parameter", first[name]))


def _name_list(first: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(_parsed(names.columns, f"{name} parameter", first[name]))


def _tree_path(key: str) -> tuple[EmbedPath, Field]:
    path, steps = _parsed(names.tree_path, "tree path", key)
    return tuple(path[:-1]), Field(path[-1], steps)


def _conditions(
    pairs: Pairs, arguments_allowed: bool
) -> tuple[list[tuple[EmbedPath, Condition]], Pairs]:
    found, arguments = [], []
    for key, value in pairs:
        if not _is_filter(key):
            continue
        path, field = _tree_path(key)
        try:
            negated, operation = _parsed(filters.filter_value, "filter", value)
        except errors.Refusal:
            if not arguments_allowed or _begins_as_operation(value):
                raise
            arguments.append((field.name, value))
        else:
            found.append((path, Condition(field, operation, negated)))
    return found, arguments


def _begins_as_operation(value: str) -> bool:
    """Whether the parser had read something before it failed, so that it is no plain argument."""
    return filters.filter_value.run(value, 0).consumed


def _order(key: str, value: str) -> tuple[EmbedPath, tuple[OrderTerm, ...]]:
    path, _ = _tree_path(key)
    return path, tuple(_parsed(order.order_terms, "order", value))


def _logic(key: str, value: str) -> tuple[EmbedPath, Logic]:
    path = _parsed(filters.logic_path, "logic path", key)
    negation = "not." if "not" in path else ""
    source = f"failed to parse logic tree ({value})"
    try:
        tree = parse(filters.logic_tree, f"{negation}{path[-1]}{value}", source)
    except ParseFailed as failed:
        raise errors.bad_parameter(failed.where, failed.why) from None
    if isinstance(tree, Condition):
        tree = Logic("and", (tree,))
    return tuple(name for name in path[:-1] if name != "not"), tree


def _integer(text: str) -> int | None:
    try:
        return int(text) if text.strip(" ").lstrip("-").isascii() else None
    except ValueError:
        return None


def _ranges(pairs: Pairs) -> dict[EmbedPath, Span]:
    limits = {_range_path(key): value for key, value in pairs if _last(key) == "limit"}
    offsets = {_range_path(key): value for key, value in pairs if _last(key) == "offset"}
    spans = {path: ALL.at_most(_integer(value)) for path, value in limits.items()}
    for path, value in offsets.items():
        offset = _integer(value) or 0
        limit = spans[path].limit or 0 if path in spans else None
        spans[path] = Span(offset, None if limit is None else offset + limit - 1)
    return spans


def _range_path(key: str) -> EmbedPath:
    return _tree_path(key)[0]
