"""Which writes end in the same rows however often they are carried out, by their form alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from optimizer.domain.retry import Safety

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LARGEST = 1_000_000  # bytes of a body that is looked into


def safety_of(method: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Safety:
    """What comes of sending a request about rows twice.

    `query` is the raw query string, `headers` have lower-case names; a body that is not at hand is
    None. An answer must also read the same: an update or delete that returns its rows would find
    none the second time.
    """
    if method in _READS:
        return Safety.READ
    parameters = parse_qs(query, keep_blank_values=True)
    preferred = {part.strip() for part in headers.get("prefer", "").split(",")}
    same = {"PUT": True, "POST": _is_upsert(parameters, preferred, body)}
    narrow = _is_silent(preferred) and not parameters.keys() & {"limit", "offset"}
    return Safety.REPEATABLE if same.get(method, narrow) else Safety.ONCE


def _is_silent(preferred: set[str]) -> bool:
    """Whether the answer neither returns nor counts the rows that were met."""
    return not any(p == "return=representation" or p.startswith("count=") for p in preferred)


def _is_upsert(
    parameters: Mapping[str, Sequence[str]], preferred: set[str], body: bytes | None
) -> bool:
    """Whether each row names the whole of its key, so that a second time it meets itself."""
    key = _columns(parameters.get("on_conflict", ()))
    sent = _columns(parameters.get("columns", ()))
    if not key or (sent and not key <= sent):
        return False
    ignored = "resolution=ignore-duplicates" in preferred and _is_silent(preferred)
    if not ignored and "resolution=merge-duplicates" not in preferred:
        return False
    rows = _rows(body)
    return bool(rows) and all(_names(row, key) for row in rows)


def _columns(lists: Sequence[str]) -> set[str]:
    names = (name.strip().strip('"') for one in lists for name in one.split(","))
    return {name for name in names if name}


def _rows(body: bytes | None) -> list[Any]:
    if body is None or len(body) > _LARGEST:
        return []
    try:
        found = json.loads(body)
    except ValueError:
        return []
    return found if isinstance(found, list) else [found]


def _names(row: Any, key: set[str]) -> bool:
    """NULL is no value of a key: PostgreSQL takes two of them for different."""
    return isinstance(row, dict) and all(row.get(column) is not None for column in key)
