"""Input rows as they will be sent; what cannot be sent raises BatchError, with the row's index."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from optimizer.domain.chunks import Entry, Limits
from optimizer.domain.identity import key_of
from optimizer.errors import BatchError


def new_row(index: int, row: Any, key: Sequence[str], generate: bool, limits: Limits) -> Entry:
    """A row to insert; where `generate` says so, with a random `key` if it has none."""
    checked = _object(index, row)
    own = generate and checked.get(key[0]) is None
    if own:
        checked = {**checked, key[0]: str(uuid4())}
    return Entry(index, checked, _json(index, checked, limits), key_of(checked, key), own_key=own)


def changed_row(index: int, row: Any, key: str, limits: Limits) -> Entry:
    """A row to change: its key, and the columns that it is given."""
    checked = _object(index, row)
    if checked.get(key) is None:
        raise BatchError(f"row {index}: an update names its row by `{key}`")
    values = {name: value for name, value in checked.items() if name != key}
    if not values:
        raise BatchError(f"row {index}: nothing is to be changed but for its `{key}`")
    known = key_of({key: _simple(index, checked[key])}, [key])
    return Entry(index, values, _json(index, values, limits), known)


def deleted_row(index: int, value: Any, key: str) -> Entry:
    """A row to delete, by its key."""
    row = {key: _simple(index, value)}
    return Entry(index, row, b"", key_of(row, [key]))


def require_distinct(entries: Sequence[Entry]) -> None:
    """Raise BatchError where a row is named twice."""
    seen: set[object] = set()
    for entry in entries:
        if entry.key is not None and entry.key in seen:
            name = ", ".join(entry.key)
            raise BatchError(
                f"row {entry.index}: {name} is named twice; which change comes last is open"
            )
        seen.add(entry.key)


def require_room(count: int, most: int) -> None:
    """Raise BatchError where a list is longer than a batch may be."""
    if count > most:
        raise BatchError(
            f"{count:,} rows are more than a batch takes ({most:,}): stream them, or raise "
            "OPTIMIZATION_BATCH_MAX_TOTAL"
        )


def _object(index: int, row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not all(isinstance(name, str) for name in row):
        raise BatchError(f"row {index}: each row must be an object of column names and values")
    return dict(row)


def _simple(index: int, key: Any) -> Any:
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise BatchError(f"row {index}: a key is a text or a number, not {key!r}")
    return key


def _json(index: int, row: Mapping[str, Any], limits: Limits) -> bytes:
    try:
        text = json.dumps(
            row, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        )
        body = text.encode()
    except (TypeError, ValueError) as error:
        raise BatchError(f"row {index} cannot be written as JSON: {error}") from error
    if len(body) > limits.body_bytes:
        raise BatchError(
            f"row {index} has {len(body):,} bytes, more than one request takes "
            f"({limits.body_bytes:,}: OPTIMIZATION_BATCH_MAX_BYTES)"
        )
    return body
