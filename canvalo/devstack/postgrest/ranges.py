"""Which rows: the `Range` header with `limit` and `offset`, and `Content-Range` in the answer."""

import re

from . import errors
from .query import ALL, Span

_RANGE = re.compile(r"([0-9]+)-([0-9]*)")
_NO_ROWS = Span(0, -1)  # limit=0


def top_span(method: str, header: str | None, asked: Span) -> Span:
    """The rows of the outermost relation; raises Refusal (PGRST103, PGRST114)."""
    from_header = _read(header) if method == "GET" and header else ALL
    wants_none = asked.last == -1
    span = _NO_ROWS if wants_none else from_header.within(asked)
    if span.is_empty and not wants_none:
        crossed = from_header.is_empty
        raise errors.bad_range(errors.CROSSED_RANGE if crossed else errors.NEGATIVE_LIMIT)
    if method == "PUT" and span != ALL:
        raise errors.put_with_limit()
    return span


def _read(header: str) -> Span:
    found = _RANGE.fullmatch(header)
    if found is None:
        return ALL
    first, last = found.groups()
    return Span(int(first), int(last) if last else None)


def content_range(first: int, last: int, total: int | None) -> str:
    """The `Content-Range` header of the rows from `first` to `last`."""
    rows = "*" if total == 0 or first > last else f"{first}-{last}"
    return f"{rows}/{'*' if total is None else total}"


def range_status(first: int, last: int, total: int | None) -> int:
    """200 for everything that there is, 206 for a part, 416 for what lies behind the end."""
    if total is None:
        return 200
    if first > total:
        return 416
    return 206 if 1 + last - first < total else 200
