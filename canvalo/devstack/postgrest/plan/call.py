"""Requests for functions → which overload, with which arguments."""

from collections.abc import Collection
from dataclasses import dataclass

from .. import errors, lookup_errors
from ..catalog.model import Catalog, Function, Name, Parameter
from ..request import Payload, Request
from . import returning
from .nodes import Node

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
NO_BODY = Payload(b"{}", frozenset(), is_empty=True)
SINGLE = {
    (JSON, "json"),
    (JSON, "jsonb"),
    ("text/plain", "text"),
    ("text/xml", "xml"),
    ("application/octet-stream", "bytea"),
}

Direct = tuple[tuple[Parameter, str | tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: with the whole body as the single unnamed parameter (`whole`), with values of
    the URL or of a form (`direct`), or with the members of a JSON object (`named`)."""

    function: Function
    whole: tuple[Parameter, Payload] | None = None
    direct: Direct = ()
    named: tuple[tuple[Parameter, ...], Payload] | None = None
    returning: tuple[str, ...] = ()


def target(function: Function) -> Name:
    """The relation whose rows come back, so that others can be embedded in them."""
    name = function.returns.name if function.returns_composite else function.name.name
    return Name(function.name.schema, name)


def find(request: Request, catalog: Catalog) -> Function:
    """The one overload that fits the names of the arguments.

    Raises `Refusal` (PGRST128, 202, 203); one with a single unnamed parameter is the last resort.
    """
    name, keys, content = Name(request.schema, request.name), _keys(request), _content(request)
    overloads = catalog.functions.get(name, ())
    found = [one for one in overloads if _takes(one, keys, content)]
    found = found or [one for one in overloads if _takes_body(one, content)]
    if not found:
        raise lookup_errors.unknown_function(name, keys, content, catalog)
    if len(found) > 1:
        raise lookup_errors.ambiguous_function(sorted(found, key=_fewest_first))
    _check_set(request, found[0])
    return found[0]


def _check_set(request: Request, function: Function) -> None:
    preferences = request.preferences
    if preferences.strict and preferences.max_affected is not None and not function.returns_set:
        raise errors.max_affected_needs_set()


def call(request: Request, catalog: Catalog, function: Function, root: Node) -> Call:
    """Plan the call whose rows `root` reads."""
    columns = returning.columns(catalog, root) if function.returns_composite else ()
    parameters, payload = function.parameters, request.payload
    if len(parameters) == 1 and not parameters[0].name:
        return Call(function, whole=(parameters[0], payload or NO_BODY), returning=columns)
    keys = _keys(request)
    passed = tuple(one for one in parameters if one.name in keys)
    if payload is None:
        return Call(function, direct=_direct(passed, request.query.arguments), returning=columns)
    return Call(function, named=(passed, payload) if passed else None, returning=columns)


def _keys(request: Request) -> frozenset[str]:
    """The names of the arguments; a form's are in the query, as those of a GET."""
    if request.payload is None:
        return frozenset(name for name, _ in request.query.arguments)
    return request.payload.keys or frozenset()


def _content(request: Request) -> str | None:
    """The type of the body, None where a request has none."""
    if request.method != "POST":
        return None
    return request.payload.content_type if request.payload else FORM


def _takes(function: Function, keys: Collection[str], content: str | None) -> bool:
    """Whether every required parameter is given, and nothing that is none."""
    if not function.parameters:
        return not keys and content not in lookup_errors.RAW_TYPES
    required = {one.name for one in function.parameters if one.required}
    optional = {one.name for one in function.parameters if not one.required}
    return set(keys) - optional == required - optional


def _takes_body(function: Function, content: str | None) -> bool:
    types = [one.type for one in function.parameters]
    return len(types) == 1 and not function.parameters[0].name and (content, types[0]) in SINGLE


def _fewest_first(function: Function) -> tuple[int, str, list[tuple[str, str, str]]]:
    listed = [(one.name, one.type, one.full_type) for one in function.parameters]
    return len(listed), function.description or "", listed


def _direct(passed: tuple[Parameter, ...], given: tuple[tuple[str, str], ...]) -> Direct:
    """Each parameter with its value: the last one given, or all of them if it is variadic."""
    values = {one.name: tuple(v for name, v in given if name == one.name) for one in passed}
    return tuple(
        (one, values[one.name] if one.variadic else values[one.name][-1]) for one in passed
    )
