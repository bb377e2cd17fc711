"""A request that writes, as far as tags depend on it: filters, preferences, payload."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optimizer.domain.grain.reading import SERVICE, Caller
from optimizer.domain.language.question import Question, names_of, parse_question
from optimizer.domain.query import Change, parameters
from optimizer.errors import QueryError

MOST_BYTES = 262_144  # of a payload that is looked at; a longer one proves nothing

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """A change and what its request says.

    `question` is None where the query string is not understood. `payload` are the rows of the
    body, None where it is no JSON of rows; `columns` are the ones that it sets, None where unknown.
    """

    change: Change
    question: Question | None = None
    payload: tuple[Row, ...] | None = None
    columns: frozenset[str] | None = None
    conflict: frozenset[str] | None = None  # the columns of `on_conflict`, where it is given
    ignores: bool = False  # rows that are there already are left alone
    shows: bool = False  # the answer carries the written rows
    caller: Caller = SERVICE


def write_of(
    change: Change, query: str, headers: Mapping[str, str], body: bytes, caller: Caller
) -> Write:
    """Read a request that was recognised as a change; `query` is raw, header names lower-case."""
    params, prefer = parameters(query), headers.get("prefer", "")
    payload = _payload(body, headers.get("content-type", ""))
    try:
        question = parse_question(params)
        return Write(
            change,
            question,
            payload,
            _columns(dict(reversed(params)), payload),
            _conflict(dict(reversed(params))),
            "resolution=ignore-duplicates" in prefer,
            "return=representation" in prefer,
            caller,
        )
    except QueryError:
        return Write(change, caller=caller)


def rows_of(body: bytes) -> tuple[Row, ...] | None:
    """The rows that a JSON text carries, one or a list; None where it is anything else."""
    if len(body) > MOST_BYTES:
        return None
    try:
        found = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    rows = found if isinstance(found, list) else [found]
    return tuple(rows) if all(isinstance(row, dict) for row in rows) else None


def _payload(body: bytes, content_type: str) -> tuple[Row, ...] | None:
    media = content_type.partition(";")[0].strip().lower()
    is_json = media in ("", "application/json") or media.startswith("application/vnd.pgrst.")
    return rows_of(body) if is_json else None


def _columns(params: Mapping[str, str], payload: tuple[Row, ...] | None) -> frozenset[str] | None:
    if "columns" in params:
        return frozenset(names_of(params["columns"]))
    if payload is None:
        return None
    return frozenset(name for row in payload for name in row)


def _conflict(params: Mapping[str, str]) -> frozenset[str] | None:
    return frozenset(names_of(params["on_conflict"])) if "on_conflict" in params else None
