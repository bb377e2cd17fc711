"""A request that writes, as far as tags depend on it: filters, preferences, payload."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optimizer.domain.facts import Operation
from optimizer.domain.grain.reading import SERVICE, Caller
from optimizer.domain.language.filters import Condition
from optimizer.domain.language.question import Question, names_of, parse_question
from optimizer.domain.query import Change, parameters
from optimizer.errors import QueryError

MOST_BYTES = 262_144  # of a payload that is looked at; a longer one proves nothing

Row = Mapping[str, Any]
_ID = "id"


@dataclass(frozen=True, slots=True)
class Write:
    """A change and what its request says.

    `question` is None where the query string is not understood. `payload` are the rows of the
    body, None where it is no JSON of rows; `columns` are all that it may set, None where unknown.
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
    change: Change,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    caller: Caller,
    method: str = "",
) -> Write:
    """Read a request that was recognised as a change; `query` is raw, header names lower-case.

    A PUT overwrites the row with its primary key, whatever it says of conflicts.
    """
    params, prefer = parameters(query), headers.get("prefer", "")
    payload = _payload(body, headers.get("content-type", ""))
    first = dict(reversed(params))
    ignores = "resolution=ignore-duplicates" in prefer and "resolution=merge" not in prefer
    try:
        return Write(
            change,
            parse_question(params),
            _chosen(first, payload),
            _columns(first, payload),
            None if method == "PUT" else _conflict(first),
            ignores and method != "PUT",
            "return=representation" in prefer,
            caller,
        )
    except QueryError:
        return Write(change, caller=caller)


def may_move(write: Write) -> bool:
    """Whether a key may change, for all that is known of a relation without its columns.

    A standing row gets another `id`: what refers to it goes with it. Whoever sends a whole row back
    says in the filter which it is.
    """
    if write.change.operation not in (Operation.UPDATE, Operation.UPSERT) or write.ignores:
        return False
    if _ID not in (write.columns or ()):
        return False
    if write.change.operation is Operation.UPSERT:
        return write.conflict is not None and _ID not in write.conflict
    pinned = {c.operands for c in write.question.pins if _is_id(c)} if write.question else set()
    given = {(str(row.get(_ID)),) for row in write.payload or ()}
    return not given or pinned != given


def _is_id(condition: Condition) -> bool:
    return condition.field.name == _ID and condition.operator == "eq"


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


def _chosen(params: Mapping[str, str], payload: tuple[Row, ...] | None) -> tuple[Row, ...] | None:
    """The payload without what `columns` leaves out, of which it proves nothing."""
    if payload is None or "columns" not in params:
        return payload
    chosen = set(names_of(params["columns"]))
    return tuple({n: v for n, v in row.items() if n in chosen} for row in payload)


def _columns(params: Mapping[str, str], payload: tuple[Row, ...] | None) -> frozenset[str] | None:
    """What may be set: a PUT sets what `columns` leaves out all the same."""
    if payload is None:
        return None
    chosen = names_of(params["columns"]) if "columns" in params else ()
    return frozenset({*chosen, *(name for row in payload for name in row)})


def _conflict(params: Mapping[str, str]) -> frozenset[str] | None:
    return frozenset(names_of(params["on_conflict"])) if "on_conflict" in params else None
