"""A request's body → `Payload`, as far as it must be understood before PostgreSQL reads it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from . import errors
from .media import FORM, decode
from .request import Media, Payload

_SINGLE = (Media.TEXT, Media.XML, Media.BINARY)
Fields = list[tuple[str, str]]


def read_payload(
    body: bytes, content_type: str | None, columns: frozenset[str] | None, *, is_call: bool
) -> Payload:
    """Read a body; raises Refusal (PGRST102) where it cannot be."""
    media = _media(content_type)
    if media == Media.JSON:
        return _json(body, columns, is_call=is_call)
    if media == Media.CSV:
        return _csv(body)
    if media == FORM:
        return _call_form(body) if is_call else _objects([dict(_fields(body))], is_array=False)
    if media in _SINGLE and is_call:
        return Payload(body, content_type=media)
    raise errors.bad_body(f"Content-Type not acceptable: {media}")


def _call_form(body: bytes) -> Payload:
    """The arguments of a call: text as those of a GET are; repeated ones make a list."""
    values: dict[str, list[str]] = {}
    for name, value in _fields(body):
        values.setdefault(name, []).append(value)
    raw = {name: given[0] if len(given) == 1 else given for name, given in values.items()}
    return Payload(json.dumps(raw).encode(), frozenset(raw), is_empty=not raw, content_type=FORM)


def _fields(body: bytes) -> Fields:
    """The fields of a form in their order; bytes that are no UTF-8 are replaced."""
    text = body.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True, errors="replace")


def is_json(content_type: str | None) -> bool:
    """Whether the body is JSON, as it is where nothing is said."""
    return _media(content_type) == Media.JSON


def _media(content_type: str | None) -> str:
    return Media.JSON.value if content_type is None else decode(content_type)


def _json(body: bytes, columns: frozenset[str] | None, *, is_call: bool) -> Payload:
    stripped = body.strip()
    if columns is not None:
        # PostgREST does not look into it either: PostgreSQL does.
        return Payload(body, columns, stripped[:1] == b"[", stripped in (b"[]", b"{}"))
    if not stripped and is_call:
        return Payload(b"{}", frozenset(), is_empty=True)
    value = _parsed(body)
    if isinstance(value, dict):
        return Payload(body, frozenset(value), is_empty=not value)
    if not isinstance(value, list) or not value:
        return Payload(b"[]", frozenset(), is_array=True, is_empty=True)
    keys = _uniform_keys(value, "All object keys must match")
    return Payload(body, keys, is_array=True, is_empty=not keys)


def _parsed(body: bytes) -> Any:
    try:
        # Numbers stay text: they are never looked at, and may be longer than Python reads.
        return json.loads(
            body.decode(), parse_int=str, parse_float=str, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise errors.bad_body("Empty or invalid json") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _uniform_keys(rows: list[Any], complaint: str) -> frozenset[str]:
    keys = rows[0].keys() if isinstance(rows[0], dict) else None
    if keys is None or not all(isinstance(row, dict) and row.keys() == keys for row in rows):
        raise errors.bad_body(complaint)
    return frozenset(keys)


def _csv(body: bytes) -> Payload:
    """The first line names the columns; NULL, written so, is null."""
    try:
        lines = [line for line in csv.reader(io.StringIO(body.decode(), newline="")) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise errors.bad_body(f"parse error ({error})") from None
    if not lines:
        raise errors.bad_body("parse error (not enough input)")
    header, *records = lines
    rows = [
        {name: None if cell == "NULL" else cell for name, cell in zip(header, record, strict=False)}
        for record in records
    ]
    return _objects(rows, is_array=True)


def _objects(rows: Sequence[Mapping[str, str | None]], *, is_array: bool) -> Payload:
    if not rows:
        return Payload(b"[]", frozenset(), is_array=True, is_empty=True)
    keys = _uniform_keys(list(rows), "All lines must have same number of fields")
    raw = json.dumps(rows if is_array else rows[0], ensure_ascii=False).encode()
    return Payload(raw, keys, is_array, not keys)
