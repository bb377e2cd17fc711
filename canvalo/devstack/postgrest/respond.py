"""The database's row → an HTTP answer: status, headers and body as PostgREST 14 gives them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from . import errors, ranges
from .errors import Refusal
from .media import content_type
from .preferences import applied
from .request import Action, Media, Request
from .statement import Plan

Header = tuple[str, str]
JSON_TYPE: Header = ("Content-Type", "application/json; charset=utf-8")
_SINGLE = (Media.OBJECT, Media.OBJECT_STRIPPED)
_SHARED = ("count", "transaction", "handling", "timezone")
_APPLIED = {
    Action.READ: _SHARED,
    Action.CALL: (*_SHARED, "max_affected"),
    Action.INSERT: (*_SHARED, "resolution", "missing", "representation"),
    Action.UPDATE: (*_SHARED, "missing", "representation", "max_affected"),
    Action.UPSERT_ONE: (*_SHARED, "representation"),
    Action.DELETE: (*_SHARED, "representation", "max_affected"),
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, ready to be sent."""

    status: int
    headers: list[Header]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Row:
    """What `Plan.main` returned; `total` may come from the planner."""

    total: int | None
    page: int
    body: bytes
    headers: str | None = None
    status: str | None = None
    location: tuple[str, ...] = ()
    inserted: int | None = None


def check(request: Request, row: Row) -> None:
    """Refuse (PGRST115, 116, 124) what must not be committed."""
    if request.action is Action.UPSERT_ONE and row.page != 1:
        raise errors.put_key_differs()
    if request.media in _SINGLE and row.page != 1 and request.action is not Action.UPSERT_ONE:
        raise errors.not_single(row.page)
    limit = request.preferences.max_affected
    if _is_limited(request) and limit is not None and row.page > limit:
        raise errors.too_many_affected(row.page)


def _is_limited(request: Request) -> bool:
    limitable = request.action in (Action.UPDATE, Action.DELETE, Action.CALL)
    return request.preferences.strict and limitable


def must_check(request: Request) -> bool:
    """Whether the row has to be looked at before the transaction may be committed."""
    limited = _is_limited(request) and request.preferences.max_affected is not None
    return limited or request.media in _SINGLE or request.action is Action.UPSERT_ONE


def respond(
    request: Request, plan: Plan, row: Row, *, profile: str | None, keyed: bool, void: bool
) -> Response:
    """The answer to what was carried out; raises Refusal (PGRST111, PGRST112).

    `profile` is the schema to name, `keyed` whether the relation has a primary key or a conflict
    target was given, `void` whether the function returns nothing.
    """
    status, headers, body = _answer(request, plan, row, profile, void=void)
    names = _APPLIED[request.action]
    if not keyed:
        names = tuple(name for name in names if name != "resolution")
    if preference := applied(request.preferences, names):
        headers.append(("Preference-Applied", preference))
    chosen = _set_status(row.status)
    overriding = _set_headers(row.headers)
    names_set = {name.lower() for name, _ in overriding}
    kept = [header for header in headers if header[0].lower() not in names_set]
    return Response(chosen or status, kept + overriding, body)


def _answer(
    request: Request, plan: Plan, row: Row, profile: str | None, *, void: bool
) -> tuple[int, list[Header], bytes]:
    kind: list[Header] = [("Content-Type", content_type(plan.media))]
    kind += [("Content-Profile", profile)] if profile is not None else []
    if request.action is Action.READ:
        status, headers, body = _page(request, row)
        return status, [*headers, _content_location(request), *kind], body
    if request.action is Action.CALL:
        status, headers, body = _page(request, row)
        return (204, headers[:1], b"") if void else (status, headers + kind, body)
    return _written(request, row, kind)


def _page(request: Request, row: Row) -> tuple[int, list[Header], bytes]:
    first = request.span.offset
    last = first + row.page - 1
    status = ranges.range_status(first, last, row.total)
    headers = [("Content-Range", ranges.content_range(first, last, row.total))]
    if request.headers_only:
        return status, headers, b""
    body = row.body
    if status == 416:
        body = error_body(errors.out_of_bounds(first, row.total or 0))
    return status, [*headers, _length(body)], body


def _content_location(request: Request) -> Header:
    query = f"?{request.query.canonical}" if request.query.canonical else ""
    return "Content-Location", f"/{request.name}{query}"


def _length(body: bytes) -> Header:
    return "Content-Length", str(len(body))


def _written(request: Request, row: Row, kind: list[Header]) -> tuple[int, list[Header], bytes]:
    counted = request.preferences.count in ("exact", "estimated")
    total = row.page if counted else None
    headers: list[Header] = []
    if row.location:
        headers.append(("Location", f"/{request.name}?{_location_query(row.location)}"))
    if request.action is Action.UPDATE:
        headers.append(("Content-Range", ranges.content_range(0, row.page - 1, total)))
    elif request.action is not Action.UPSERT_ONE:
        headers.append(("Content-Range", ranges.content_range(1, 0, total)))
    wants_rows = request.preferences.wants_rows
    if wants_rows:
        return _status(request, row), [*headers, _length(row.body), *kind], row.body
    if request.action is Action.INSERT:
        return _status(request, row), [*headers, _length(b"")], b""
    return 204, headers, b""


def _status(request: Request, row: Row) -> int:
    if request.action is Action.INSERT:
        only_old = row.inserted is not None and row.inserted <= 0
        merged = request.preferences.resolution == "merge-duplicates"
        return 200 if only_old and merged else 201
    return 201 if request.action is Action.UPSERT_ONE and row.inserted else 200


def _location_query(pairs: Iterable[str]) -> str:
    split = [pair.partition("=")[::2] for pair in pairs]
    return "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in split)


def _set_headers(text: str | None) -> list[Header]:
    """`response.headers`: a JSON array of objects with one key and a text."""
    if not text:
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise errors.bad_response_headers() from None
    if not isinstance(found, list) or not all(_is_header(item) for item in found):
        raise errors.bad_response_headers()
    return [next(iter(item.items())) for item in found]


def _is_header(item: object) -> bool:
    return isinstance(item, dict) and len(item) == 1 and isinstance(next(iter(item.values())), str)


def _set_status(text: str | None) -> int | None:
    """`response.status`: a number from 100 to 999."""
    if not text:
        return None
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    if not digits or not 100 <= int(digits[:9]) <= 999:
        raise errors.bad_response_status()
    return int(digits)


def error_body(refusal: Refusal) -> bytes:
    """The JSON of a refusal."""
    return json.dumps(refusal.body(), ensure_ascii=False, separators=(",", ":")).encode()


def refuse(refusal: Refusal) -> Response:
    """The answer that a refusal is."""
    body = error_body(refusal)
    proxy = ("Proxy-Status", f"PostgREST; error={refusal.code}")
    headers = [JSON_TYPE, _length(body), proxy, *refusal.headers]
    return Response(refusal.status, headers, body)
