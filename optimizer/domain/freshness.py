"""What one process knows of the changes in Valkey, and so which of its own entries still stand.

Changes travel with dense positions, counted up by one in each epoch. An epoch ends with the server
that counted: positions of two epochs cannot be compared. Source: `docs/protocol.md`.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Changes = Sequence[tuple[int, Sequence[str]]]  # position and tags of each change, oldest first
NEVER = -math.inf
_MOST_TAGS = 100_000
_MOST_RETIRED = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in the history of changes."""

    epoch: str
    position: int


class TagLog:
    """The position of the last change of each tag, bounded in memory.

    Beyond its bound it forgets all tags and takes each for changed at the latest position that it
    knew: an entry is dropped that could have stayed, never the other way round.
    """

    def __init__(self, most: int = _MOST_TAGS) -> None:
        self._most = most
        self._last: dict[str, int] = {}
        self._floor = 0

    def note(self, tags: Iterable[str], position: int) -> None:
        """Remember a change."""
        for tag in tags:
            self._last[tag] = max(position, self._last.get(tag, 0))
        if len(self._last) > self._most:
            self.reset(max(self._last.values()))

    def reset(self, position: int) -> None:
        """Take every tag for changed at this position."""
        self._last.clear()
        self._floor = max(self._floor, position)

    def restart(self, position: int) -> None:
        """Begin anew in another epoch."""
        self._last.clear()
        self._floor = position

    def changed_since(self, position: int, tags: Iterable[str]) -> bool:
        """Whether one of the tags changed later than that."""
        if position < self._floor:
            return True
        last = self._last  # a loop: this is asked at every hit, and `any` takes twice as long
        for tag in tags:  # noqa: SIM110
            if last.get(tag, 0) > position:
                return True
        return False


class View:
    """One process's view of the changes: its epoch, how far it has applied them, its lease."""

    def __init__(self) -> None:
        self.epoch = ""
        self.applied = 0  # no change up to here is missing
        self.until = NEVER  # s on the lease's clock; before it L1 is served unasked
        self.version = 0  # another one whenever something may have changed
        self._changes = TagLog()
        self._own = TagLog()  # what this process itself wrote
        self._retired: OrderedDict[str, None] = OrderedDict()

    def adopt(self, at: Mark) -> bool:
        """Note the epoch of a reply; False where that epoch has ended, and the reply with it."""
        if at.epoch == self.epoch:
            return True
        if at.epoch in self._retired:
            return False
        self._retire(self.epoch)
        self.epoch, self.applied, self.until = at.epoch, at.position, NEVER
        self.version += 1
        self._changes.restart(at.position)
        self._own.restart(0)  # what it wrote before was there when this epoch began
        return True

    def change(self, at: Mark, tags: Iterable[str], own: bool = False) -> bool:
        """Apply one change out of turn: this process's own; False as in `adopt`."""
        if not self.adopt(at):
            return False
        tags = tuple(tags)
        self.version += 1
        self._changes.note(tags, at.position)
        if own:
            self._own.note(tags, at.position)
        return True

    def catch_up(self, at: Mark, changes: Changes | None, until: float) -> None:
        """Apply all changes up to `at`, and serve L1 unasked before `until`.

        None says that some are missing: then everything counts as changed.
        """
        if not self.adopt(at):
            return
        if changes is None or changes:
            self.version += 1
        if changes is None:
            self._changes.reset(at.position)
        for position, tags in changes or ():
            self._changes.note(tags, position)
        self.applied = max(self.applied, at.position)
        self.until = max(self.until, until)

    def stands(self, at: Mark, tags: Iterable[str]) -> bool:
        """Whether what was true at that point is not known to have changed since."""
        return at.epoch == self.epoch and not self._changes.changed_since(at.position, tags)

    def serves_unasked(self, now: float, after: Mark | None) -> bool:
        """Whether L1 may be served without asking Valkey, at all and for the bearer of a token."""
        return now < self.until and (after is None or self._has_applied(after))

    def _has_applied(self, after: Mark) -> bool:
        return after.epoch == self.epoch and after.position <= self.applied

    def wrote_since(self, at: Mark, tags: Iterable[str]) -> bool:
        """Whether this process has written under these tags since that point."""
        return at.epoch != self.epoch or self._own.changed_since(at.position, tags)

    def _retire(self, epoch: str) -> None:
        self._retired[epoch] = None
        if len(self._retired) > _MOST_RETIRED:
            self._retired.popitem(last=False)
