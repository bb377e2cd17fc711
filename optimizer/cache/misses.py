"""The stamps that stood when a value was missed, for the `set` that follows the fetch."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar

_OWN = 32  # misses that one task remembers
_ALL = 1000  # misses that a process remembers
_LIFE = 300.0  # seconds; a fetch that takes longer is not waited for

# What this task missed, newest last: get → fetch → set run in one task, beside those of others.
_own: ContextVar[Mapping[tuple[int, str], str] | None] = ContextVar("canvalo_misses", default=None)


class Misses:
    """Remembers misses by task; whoever sets from another task gets the oldest that is known.

    Stamps that are too old make an entry that is never served; too new ones would make a lie.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._oldest: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def remember(self, key: str, stamps: str) -> None:
        """Note a miss; empty stamps say that a writer was at work, so nothing may be kept."""
        own = [*(_own.get() or {}).items(), ((id(self), key), stamps)]
        _own.set(dict(own[-_OWN:]))
        if self._known(key) is None:
            self._oldest[key] = (stamps, self._clock())
        while len(self._oldest) > _ALL:
            self._oldest.popitem(last=False)

    def stamps(self, key: str) -> str | None:
        """The stamps to keep a value under; None where it was not missed lately."""
        own = _own.get() or {}
        return own.get((id(self), key), self._known(key))

    def _known(self, key: str) -> str | None:
        stamps, at = self._oldest.get(key, ("", float("-inf")))
        if self._clock() - at <= _LIFE:
            return stamps
        self._oldest.pop(key, None)
        return None
