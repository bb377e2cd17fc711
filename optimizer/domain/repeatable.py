"""Which writes end in the same rows however often they are carried out, by their form alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.domain.language.question import names_of
from optimizer.domain.query import is_plain, parameters
from optimizer.domain.retry import Safety
from optimizer.errors import QueryError

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_IGNORE, _MERGE = "resolution=ignore-duplicates", "resolution=merge-duplicates"
_LARGEST = 1_000_000  # bytes of a body that is looked into


def safety_of(method: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Safety:
    """What comes of sending a request about rows twice.

    `query` is the raw query string, `headers` have lower-case names; a body that is not at hand is
    None. An answer must also read the same: an update or delete that returns its rows would find
    none the second time.
    """
    if method in _READS:
        return Safety.READ
    first = dict(reversed(parameters(query)))  # of two with one name PostgREST takes the first
    preferred = [part.strip() for part in headers.get("prefer", "").split(",")]
    silent = _is_silent(preferred, headers.get("accept", ""))
    upserts = is_plain(query) and _is_upsert(first, preferred, silent, body)
    narrow = silent and not first.keys() & {"limit", "offset"}
    same = {"PUT": True, "POST": upserts}
    return Safety.REPEATABLE if same.get(method, narrow) else Safety.ONCE


def _is_silent(preferred: Sequence[str], accept: str) -> bool:
    """Whether the answer neither returns nor counts the rows that were met.

    Where one object is asked for, another number of rows than one is refused.
    """
    told = any(p == "return=representation" or p.startswith("count=") for p in preferred)
    return not told and "vnd.pgrst.object" not in accept.lower()


def _is_upsert(
    first: Mapping[str, str], preferred: Sequence[str], silent: bool, body: bytes | None
) -> bool:
    """Whether each row names the whole of its key, so that a second time it meets itself."""
    key = _columns(first.get("on_conflict", ""))
    if not key or ("columns" in first and not key <= _columns(first["columns"])):
        return False
    resolution = next((p for p in preferred if p in (_IGNORE, _MERGE)), "")
    if not resolution or (resolution == _IGNORE and not silent):
        return False
    rows = _rows(body)
    return bool(rows) and all(_names(row, key) for row in rows)


def _columns(listed: str) -> set[str]:
    """The columns of a list; none where it is not understood."""
    try:
        return set(names_of(listed))
    except QueryError:
        return set()


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
