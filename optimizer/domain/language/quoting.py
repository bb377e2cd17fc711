"""Writing a value into PostgREST's filter language, so that it stays a value."""

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\""})


def quoted(text: str) -> str:
    """Put a text in quotes: commas, dots and parentheses in it mean nothing then."""
    return f'"{text.translate(_ESCAPED)}"'
