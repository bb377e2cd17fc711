"""SQL's three truth values and a fourth: nobody here can say."""

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """What a condition is of a row. Only rows for which it is TRUE are found."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"  # SQL's NULL
    UNDECIDABLE = "undecidable"  # one of the other three


class Undecided(Exception):  # noqa: N818 - no error: it ends the evaluation of one condition
    """A value or an operation of which PostgreSQL's view is not certain."""


_NEGATED = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}


def truth(value: bool) -> Truth:
    """The truth value of a certain answer."""
    return Truth.TRUE if value else Truth.FALSE


def negation(value: Truth) -> Truth:
    """NOT: what is unknown or undecidable stays so."""
    return _NEGATED.get(value, value)


def conjunction(values: Iterable[Truth]) -> Truth:
    """AND: one FALSE decides it, whatever the others are."""
    return _dominated(values, Truth.FALSE, Truth.TRUE)


def disjunction(values: Iterable[Truth]) -> Truth:
    """OR: one TRUE decides it, whatever the others are."""
    return _dominated(values, Truth.TRUE, Truth.FALSE)


def _dominated(values: Iterable[Truth], strongest: Truth, weakest: Truth) -> Truth:
    found = set(values)
    for one in (strongest, Truth.UNDECIDABLE, Truth.UNKNOWN):
        if one in found:
            return one
    return weakest
