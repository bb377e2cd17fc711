"""Ranges as two places on a line: a place lies just before a value (0) or just after it (1).

So `[1,3)` runs from before 1 to before 3, and bounds compare as tuples. Integers and dates are
brought to that form as PostgreSQL does it. An empty range is None.
"""

import re
from collections.abc import Callable
from typing import Any

from optimizer.domain.sql import scalars
from optimizer.domain.sql.kinds import Kind
from optimizer.domain.sql.truth import Truth, Undecided, truth

_BOUND = r'(?:"([^"\\]*)"|([^",()\[\]\\]*))'
_RANGE = re.compile(rf"([\[(]){_BOUND},{_BOUND}([\])])")
_LEFT, _RIGHT = (-1,), (1,)  # beyond every value

Place = tuple[Any, ...]
Range = tuple[Place, Place] | None


def read(kind: Kind, value: Any) -> Range:
    """A range from its text."""
    source = scalars.text(value).strip(" ")
    if source.lower() == "empty":
        return None
    found = _RANGE.fullmatch(source)
    element = kind.element
    if found is None or element is None:
        raise Undecided
    low = _low(element, found[2] or found[3], found[1] == "[")
    high = _high(element, found[4] or found[5], found[6] == "]")
    return _checked(low, high)


def _checked(low: Place, high: Place) -> Range:
    """A range that ends before it begins is an error in PostgreSQL."""
    if low[:2] > high[:2]:
        raise Undecided
    return (low, high) if low < high else None


def _low(element: Kind, bound: str | None, inclusive: bool) -> Place:
    return _LEFT if not bound else _place(element, bound, after=not inclusive)


def _high(element: Kind, bound: str | None, inclusive: bool) -> Place:
    return _RIGHT if not bound else _place(element, bound, after=inclusive)


def _place(element: Kind, bound: str, *, after: bool) -> Place:
    """Just after a whole number or a day is just before the next."""
    value = scalars.read(element, bound)
    if element.name == "int":
        return 0, value + after, 0
    if element.name == "date":
        rank, days = value
        if rank:
            raise Undecided
        return 0, (rank, days + after), 0
    return 0, value, int(after)


def _contains(one: Range, other: Range) -> bool:
    if one is None or other is None:
        return other is None
    return one[0] <= other[0] and other[1] <= one[1]


def _both(test: Callable[[Place, Place, Place, Place], bool]) -> Callable[[Range, Range], bool]:
    """Nothing holds of an empty range."""

    def tested(one: Range, other: Range) -> bool:
        return one is not None and other is not None and test(*one, *other)

    return tested


_TESTS: dict[str, Callable[[Range, Range], bool]] = {
    "eq": lambda one, other: one == other,
    "neq": lambda one, other: one != other,
    "cs": _contains,
    "cd": lambda one, other: _contains(other, one),
    "ov": _both(lambda low, high, begin, end: low < end and begin < high),
    "sl": _both(lambda low, high, begin, end: high <= begin),
    "sr": _both(lambda low, high, begin, end: low >= end),
    "nxr": _both(lambda low, high, begin, end: high <= end),
    "nxl": _both(lambda low, high, begin, end: low >= begin),
    "adj": _both(lambda low, high, begin, end: high == begin or end == low),
}


def compare(operator: str, one: Range, other: Range) -> Truth:
    """What an operator says of two ranges."""
    if operator not in _TESTS:
        raise Undecided
    return truth(_TESTS[operator](one, other))
