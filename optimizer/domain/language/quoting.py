"""Writing names and values into PostgREST's filter language, so that they stay what they are."""

import re

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\""})
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset(
    {"select", "columns", "on_conflict", "order", "limit", "offset", "and", "or", "not"}
)


def quoted(text: str) -> str:
    """Put a text in quotes: commas, dots and parentheses in it mean nothing then."""
    return f'"{text.translate(_ESCAPED)}"'


def column_name(name: str) -> str:
    """A column that is filtered by: without quotes `limit=eq.1` would filter nothing, and a delete
    by it would delete every row."""
    return name if _PLAIN.fullmatch(name) and name not in _WORDS else quoted(name)
