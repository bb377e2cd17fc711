"""Announcing writes: before one leaves and after its answer, also where Valkey is away.

What a write touches must not be served as it was before. Where Valkey did not hear of a write, this
process owes it a touch, and serves nothing from the cache under those tags until that is paid.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optimizer.cache.clocks import boottime
from optimizer.cache.history import History
from optimizer.domain.facts import CacheFault, Emit
from optimizer.domain.freshness import Mark
from optimizer.errors import CacheUnavailable, FenceUnavailable

_SENDING = 0.5  # of a marker's life; the rest is for what Supabase still does when nobody waits


@dataclass(frozen=True, slots=True)
class Write:
    """One write under way: who writes, what it touches, and by when (boot time) it must end."""

    writer: str
    tags: Sequence[str]
    deadline: float
    fenced: bool


class Fence:
    """Markers around writes. `life` says for how long a marker stands, in seconds."""

    def __init__(self, history: History, emit: Emit, life: Callable[[], float]) -> None:
        self._history = history
        self._emit = emit
        self._life = life
        # Tags still to be touched, each with its latest debt: what Valkey has not heard of.
        self.owed: dict[str, object] = {}
        self._lost: dict[str, Sequence[str]] = {}  # writers whose markers are still to be put up

    async def begin(self, tags: Sequence[str], must: bool = False) -> Write:
        """Put this writer's marker up; raises FenceUnavailable where it `must` and cannot.

        The deadline counts from before, and half of the marker's life remains after it.
        """
        deadline = boottime() + self._life() * _SENDING
        writer = secrets.token_hex(8)
        try:
            await self._history.begin(writer, tags)
        except CacheUnavailable as away:
            self._emit(CacheFault("begin"))
            if must:
                raise FenceUnavailable(
                    "a write to a strict table was not sent, because the cache cannot be told"
                ) from away
            self._owe(tags)
            return Write(writer, tags, deadline, fenced=False)
        return Write(writer, tags, deadline, fenced=True)

    async def end(self, write: Write, touched: Sequence[str] | None = None) -> Mark | None:
        """Take the marker away after the answer; None where Valkey has not heard of all of it.

        `touched` are the tags that the write has touched, where its answer proves that.
        """
        try:
            mark = await self._history.end(write.writer, write.tags, touched)
        except CacheUnavailable:
            self._emit(CacheFault("end"))
            self._owe(write.tags)
            return None
        return mark if write.fenced else None

    def abandon(self, write: Write) -> None:
        """Leave the marker to its expiry: the write may still take effect."""
        if not write.fenced:  # no marker speaks for it: it gets one as soon as that can be
            self._owe(write.tags)
            self._lost[write.writer] = write.tags

    async def settle(self) -> bool:
        """Touch what is owed since Valkey was away; until that is done nothing is served."""
        owed, lost = dict(self.owed), dict(self._lost)
        if not owed:
            return True
        try:
            for writer, tags in lost.items():
                await self._history.begin(writer, tags)
                self._lost.pop(writer, None)
            await self._history.touch(sorted(owed))
        except CacheUnavailable:
            self._emit(CacheFault("touch"))
            return False
        # What came to be owed meanwhile stays owed.
        self.owed = {tag: debt for tag, debt in self.owed.items() if owed.get(tag) is not debt}
        return not self.owed

    def _owe(self, tags: Sequence[str]) -> None:
        self.owed.update(dict.fromkeys(tags, object()))
