"""The stamps that stood when a value was missed, for the `set` that follows the fetch."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from optimizer.domain.freshness import Mark

_OWN = 32  # misses that one task remembers
_ALL = 1000  # misses that a process remembers
_LIFE = 300.0  # seconds; a fetch that takes longer is not waited for


@dataclass(frozen=True, slots=True)
class Missed:
    """The stamps of a miss and where they stood; without a mark nothing may be kept."""

    stamps: str = ""
    at: Mark | None = None


# What this task missed, newest last: get → fetch → set run in one task, beside those of others.
_own: ContextVar[Mapping[tuple[int, str], Missed] | None] = ContextVar(
    "canvalo_misses", default=None
)


class Misses:
    """Remembers misses by task; whoever sets from another task gets the oldest that is known.

    Stamps that are too old make an entry that is never served; too new ones would make a lie.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._oldest: OrderedDict[str, tuple[Missed, float]] = OrderedDict()

    def remember(self, key: str, missed: Missed) -> None:
        """Note a miss; one without a mark says that a writer was at work."""
        own = [*(_own.get() or {}).items(), ((id(self), key), missed)]
        _own.set(dict(own[-_OWN:]))
        if self._known(key) is None:
            self._oldest[key] = (missed, self._clock())
        while len(self._oldest) > _ALL:
            self._oldest.popitem(last=False)

    def found(self, key: str) -> Missed | None:
        """The miss to keep a value under; None where it was not missed lately."""
        own = _own.get() or {}
        return own.get((id(self), key)) or self._known(key)

    def _known(self, key: str) -> Missed | None:
        missed, at = self._oldest.get(key, (None, float("-inf")))
        if self._clock() - at <= _LIFE:
            return missed
        self._oldest.pop(key, None)
        return None
