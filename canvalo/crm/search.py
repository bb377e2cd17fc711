"""Putting what a person typed into PostgREST's filter language, so that it stays a value."""

from collections.abc import Sequence

_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_", "*": "_"})
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\""})


def any_contains(columns: Sequence[str], text: str) -> str:
    """Make the value of an `or` filter: one of the columns contains the text, in any case.

    PostgREST reads `*` as a wildcard and knows no escape for it, so it matches any one character.
    """
    pattern = f"*{text.translate(_LIKE)}*".translate(_QUOTED)
    return ",".join(f'{column}.ilike."{pattern}"' for column in columns)
