"""LIKE's patterns: `%` any text, `_` any character, a backslash keeps what follows."""

import re
from functools import lru_cache

from optimizer.domain.sql.truth import Truth, Undecided, truth

LONGEST = 2000  # characters of a pattern or a text that is looked at

Piece = tuple[re.Pattern[str], int]  # what stands between two `%`s, and its length


def like(text: str, pattern: str) -> Truth:
    """Whether a text is like a pattern."""
    if max(len(text), len(pattern)) > LONGEST:
        raise Undecided
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return truth(pieces[0][0].fullmatch(text) is not None)
    return truth(_in_order(text, pieces))


def ilike(text: str, pattern: str) -> Truth:
    """The same without regard to case, which is certain of ASCII alone.

    A capital I has another small letter in Turkish locales, so it is undecided.
    """
    both = text + pattern
    if not both.isascii() or "I" in both:
        raise Undecided
    return like(text.lower(), pattern.lower())


def _in_order(text: str, pieces: tuple[Piece, ...]) -> bool:
    """Each piece at the first place where it fits: no later one would leave more room."""
    (first, at), *middle, (last, length) = pieces
    if first.match(text) is None:
        return False
    for piece, _ in middle:
        found = piece.search(text, at)
        if found is None:
            return False
        at = found.end()
    start = len(text) - length
    return start >= at and last.fullmatch(text, start) is not None


@lru_cache(maxsize=500)
def _pieces(pattern: str) -> tuple[Piece, ...]:
    pieces: list[list[str]] = [[]]
    chars = iter(pattern)
    for char in chars:
        if char == "%":
            pieces.append([])
        else:
            pieces[-1].append(_part(char, next(chars, "") if char == "\\" else char))
    return tuple((re.compile("".join(parts), re.DOTALL), len(parts)) for parts in pieces)


def _part(char: str, kept: str) -> str:
    if not kept:
        raise Undecided  # an error, but only where matching gets there
    return "." if char == "_" else re.escape(kept)
