"""Calls of the function that Canvalo itself installs, read as the update that they carry out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from optimizer.domain.facts import Operation
from optimizer.domain.grain.requests import Write
from optimizer.domain.language.question import Question, parse_question
from optimizer.domain.language.quoting import column_name, quoted
from optimizer.domain.query import Change
from optimizer.errors import QueryError

UPDATE_ROWS: Final = "canvalo_update_rows"  # optimizer/sql/update_rows.sql


def as_update(write: Write) -> Write | None:
    """The update of one table that this call is; None where it is another function's, or unread.

    It sets the named columns of the rows with these keys, never the key, and inserts nothing.
    """
    called = write.change.relation == f"rpc/{UPDATE_ROWS}"
    if not called or write.payload is None or len(write.payload) != 1:
        return None
    told: Mapping[str, Any] = write.payload[0]
    schema, table, key = told.get("schema_name"), told.get("table_name"), told.get("key_column")
    changes, columns = _rows(told.get("changes")), _names(told.get("value_columns"))
    if (
        not (isinstance(schema, str) and isinstance(table, str))
        or changes is None
        or columns is None
    ):
        return None
    rows = tuple({n: v for n, v in row.items() if n != key} for row in changes)
    change = Change(schema, table, Operation.UPDATE)
    question = _keyed(key, [row.get(str(key)) for row in changes])
    return replace(write, change=change, question=question, payload=rows, columns=columns)


def _rows(found: Any) -> list[Mapping[str, Any]] | None:
    rows = isinstance(found, list) and all(isinstance(row, Mapping) for row in found)
    return found if rows else None


def _names(found: Any) -> frozenset[str] | None:
    names = isinstance(found, list) and all(isinstance(name, str) for name in found)
    return frozenset(found) if names else None


def _keyed(key: Any, values: list[Any]) -> Question | None:
    """The filter that a PATCH of the same rows would have; None where a key is no plain value."""
    found = [str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool)]
    if not isinstance(key, str) or not found or len(found) != len(values):
        return None
    listed = ",".join(map(quoted, found))
    try:
        return parse_question([(column_name(key), f"in.({listed})")])
    except QueryError:
        return None
