"""Putting what a person typed into PostgREST's filter language, so that it stays a value."""

from collections.abc import Sequence

from optimizer.domain.language.quoting import quoted

_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_", "*": "_"})


def any_contains(columns: Sequence[str], text: str) -> str:
    """Make the value of an `or` filter: one of the columns contains the text, in any case.

    PostgREST reads `*` as a wildcard and knows no escape for it, so it matches any one character.
    """
    pattern = quoted(f"*{text.translate(_LIKE)}*")
    return ",".join(f"{column}.ilike.{pattern}" for column in columns)
