"""PostgreSQL's errors → answers, with the statuses of PostgREST 14."""

import json
from typing import Any

import psycopg

from . import errors
from .errors import Refusal

_BY_CODE = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
    "42P01": 404,
    "42P17": 500,
}
_BY_CLASS = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}
_MESSAGE_HINT = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: "
    "'details', 'hint'."
)
_DETAIL_HINT = (
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: "
    "'status_text'."
)


def to_refusal(error: psycopg.Error, *, anonymous: bool) -> Refusal:
    """The answer to an error that the database raised, or that cut the connection."""
    if error.sqlstate is None:
        message = "Database client error. Retrying the connection."
        return Refusal(503, "PGRST001", message, str(error))
    text, details = error.diag.message_primary or str(error), error.diag.message_detail
    if error.sqlstate == "PGRST":
        return _raised(text, details)
    status = status_of(error.sqlstate, text, anonymous=anonymous)
    headers = (("WWW-Authenticate", "Bearer"),) if status == 401 else ()
    return Refusal(status, error.sqlstate, text, details, error.diag.message_hint, headers)


def status_of(code: str, message: str, *, anonymous: bool) -> int:
    """The HTTP status of an SQLSTATE."""
    if code.startswith("PT"):
        return int(code[2:]) if _is_status(code[2:]) else 500
    if code == "42501":
        return 401 if anonymous else 403
    if code == "42883":
        return 406 if message.startswith("function xmlagg(") else 404
    if code == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if code == "22023":
        no_role = message.startswith("role") and message.endswith("does not exist")
        return 401 if no_role else 400
    return _BY_CODE.get(code) or _BY_CLASS.get(code[:2], 400)


def _is_status(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 100 <= int(text) <= 999


def _raised(message: str, detail: str | None) -> Refusal:
    """`RAISE SQLSTATE 'PGRST'`: the message is the body, the detail the status and headers."""
    body = _object(message)
    if body is None or not _are_texts(body, ("code", "message"), ("details", "hint")):
        return errors.bad_raise(f"Invalid JSON value for MESSAGE: '{message}'", _MESSAGE_HINT)
    if detail is None:
        return errors.bad_raise("DETAIL is missing in the RAISE statement", _DETAIL_HINT)
    answer = _object(detail)
    if answer is None or not _is_answer(answer):
        return errors.bad_raise(f"Invalid JSON value for DETAIL: '{detail}'", _DETAIL_HINT)
    headers = tuple(answer["headers"].items())
    return Refusal(
        answer["status"],
        body["code"],
        body["message"],
        body.get("details"),
        body.get("hint"),
        headers,
        answer.get("status_text"),
    )


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _are_texts(found: dict[str, Any], needed: tuple[str, ...], allowed: tuple[str, ...]) -> bool:
    return all(isinstance(found.get(name), str) for name in needed) and all(
        isinstance(found.get(name), str | None) for name in allowed
    )


def _is_answer(found: dict[str, Any]) -> bool:
    status, headers = found.get("status"), found.get("headers")
    return (
        type(status) is int
        and 100 <= status <= 999
        and isinstance(headers, dict)
        and all(isinstance(value, str) for value in headers.values())
        and isinstance(found.get("status_text"), str | None)
    )
