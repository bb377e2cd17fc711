"""Arrays: their text form, and what contains or overlaps what."""

import re
from typing import Any

from optimizer.domain.language.scanner import Scanner
from optimizer.domain.sql import scalars
from optimizer.domain.sql.kinds import Kind
from optimizer.domain.sql.truth import Truth, Undecided, truth
from optimizer.errors import QueryError

_BARE = re.compile(r'[^,{}"\\]+')
_SPACE = re.compile(r"[ \t\n\r\v\f]*")


def elements(source: str) -> list[str | None]:
    """The elements of `{a,"b c",NULL}`; nested arrays and stated bounds are undecided."""
    scanner = Scanner(scalars.text(source).strip(" \t\n\r\v\f"))
    try:
        scanner.expect("{")
        found = _elements(scanner)
        scanner.end()
    except QueryError:
        raise Undecided from None
    return found


def _elements(scanner: Scanner) -> list[str | None]:
    scanner.match(_SPACE)
    if scanner.take("}"):
        return []
    found = [_element(scanner)]
    while scanner.take(","):
        found.append(_element(scanner))
    scanner.expect("}")
    return found


def _element(scanner: Scanner) -> str | None:
    scanner.match(_SPACE)
    quoted = scanner.quoted()
    if quoted is not None:
        scanner.match(_SPACE)
        return quoted
    bare = (scanner.match(_BARE) or "").strip(" \t\n\r\v\f")
    if not bare:
        scanner.refuse("an element")
    return None if bare.lower() == "null" else bare


def read(kind: Kind, value: Any) -> list[Any]:
    """An array of known elements, from a filter's text or from a row's JSON, which is a list."""
    element = kind.element or Kind("other")
    parts = elements(value) if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise Undecided
    return [None if part is None else scalars.read(element, part) for part in parts]


def contains(whole: list[Any], part: list[Any]) -> Truth:
    """`whole @> part`; a NULL is contained in nothing."""
    return truth(all(item is not None and item in whole for item in part))


def overlaps(one: list[Any], other: list[Any]) -> Truth:
    """`one && other`; a NULL is shared by none."""
    return truth(any(item is not None and item in other for item in one))


def equals(one: list[Any], other: list[Any]) -> Truth:
    """`one = other`. JSON hides at which index an array begins, so equal ones may differ."""
    if one == other and one:
        raise Undecided
    return truth(one == other)
