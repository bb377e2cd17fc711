"""Whether code runs inside a cached function, whose requests are counted as what a hit avoids."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Inside:
    """The reads that a cached function asked of the engine while it ran."""

    reads: int = 0


_current: ContextVar[Inside | None] = ContextVar("canvalo_inside", default=None)
current = _current.get  # the cached function that is running here, or None


@contextmanager
def a_function() -> Iterator[Inside]:
    """Note what is asked within the block."""
    noted = Inside()
    token = _current.set(noted)
    try:
        yield noted
    finally:
        _current.reset(token)
