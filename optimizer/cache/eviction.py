"""Which entry makes room for another: S3-FIFO by default, least recently used on request.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): what is new
waits in a small queue, and only what is asked for again there, or was lately pushed out of it,
comes to the main queue; so a scan of things that are asked for once pushes nothing out.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

_SMALL = 0.1  # of the tier
MOST_USES = 3  # that are counted


class Slot:
    """A place in the tier: how much it weighs, and how often it was used lately, up to a limit.

    Whoever finds it counts the use.
    """

    __slots__ = ("size", "uses")

    def __init__(self, size: int) -> None:
        self.size = size
        self.uses = 0


class Eviction(Protocol):
    """The order in which keys make room; `used` is told of each use, where it is not None."""

    used: Callable[[str], None] | None

    def add(self, key: str, slot: Slot) -> None:
        """Take in a key that is not there."""

    def swap(self, key: str, slot: Slot) -> None:
        """Weigh a key that is there anew; it keeps its place."""

    def remove(self, key: str) -> None:
        """Forget a key that is there."""

    def victim(self) -> str:
        """Choose a key, forget it here, and return it."""


class LeastRecentlyUsed:
    """The key that was used longest ago goes first."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()
        self.used: Callable[[str], None] | None = self._keys.move_to_end

    def add(self, key: str, slot: Slot) -> None:
        """Take in a key that is not there."""
        self._keys[key] = None

    def swap(self, key: str, slot: Slot) -> None:
        """Weigh a key that is there anew; it counts as used."""
        self._keys.move_to_end(key)

    def remove(self, key: str) -> None:
        """Forget a key that is there."""
        del self._keys[key]

    def victim(self) -> str:
        """Choose a key, forget it here, and return it."""
        return self._keys.popitem(last=False)[0]


class S3Fifo:
    """A small queue, a main queue, and the names of what the small one pushed out lately."""

    used: Callable[[str], None] | None = None  # the slots tell

    def __init__(self) -> None:
        self._small: OrderedDict[str, Slot] = OrderedDict()
        self._main: OrderedDict[str, Slot] = OrderedDict()
        self._ghosts: OrderedDict[str, None] = OrderedDict()
        self._small_size = 0
        self._size = 0

    def add(self, key: str, slot: Slot) -> None:
        """Take in a key that is not there; one that was pushed out lately is known already."""
        self._size += slot.size
        if key in self._ghosts:
            del self._ghosts[key]
            self._main[key] = slot
        else:
            self._small[key] = slot
            self._small_size += slot.size

    def swap(self, key: str, slot: Slot) -> None:
        """Weigh a key that is there anew; it keeps its place and its uses."""
        queue = self._small if key in self._small else self._main
        before, queue[key] = queue[key], slot
        slot.uses = before.uses
        self._size += slot.size - before.size
        if queue is self._small:
            self._small_size += slot.size - before.size

    def remove(self, key: str) -> None:
        """Forget a key that is there."""
        slot = self._small.pop(key, None)
        if slot is not None:
            self._small_size -= slot.size
        else:
            slot = self._main.pop(key)
        self._size -= slot.size

    def victim(self) -> str:
        """Choose a key, forget it here, and return it."""
        while True:
            found = self._from_small() if self._small_is_full() else self._from_main()
            if found is not None:
                return found

    def _small_is_full(self) -> bool:
        held = len(self._small)
        if not self._main:
            return True
        share = _SMALL * (held + len(self._main))
        return held > 0 and (held > share or self._small_size > _SMALL * self._size)

    def _from_small(self) -> str | None:
        key, slot = self._small.popitem(last=False)
        self._small_size -= slot.size
        if slot.uses > 0:
            slot.uses = 0
            self._main[key] = slot
            return None
        self._size -= slot.size
        self._remember(key)
        return key

    def _from_main(self) -> str | None:
        key, slot = self._main.popitem(last=False)
        if slot.uses > 0:
            slot.uses -= 1
            self._main[key] = slot
            return None
        self._size -= slot.size
        return key

    def _remember(self, key: str) -> None:
        self._ghosts[key] = None
        if len(self._ghosts) > len(self._small) + len(self._main):
            self._ghosts.popitem(last=False)
