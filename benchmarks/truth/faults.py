"""Safeguards of the engine that can be switched off in a worker, one at a time.

Each function exchanges one step in this process, before the engine is opened. They reach into the
engine on purpose: a checker that was never shown a fault might see none. One whose place in the
engine has moved raises `Moved`, so that none turns into a switch without a wire.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from optimizer.cache import scripts, scripts_changes
from optimizer.cache.fetching import Fetch, Fetched, Fetches
from optimizer.cache.flight import SingleFlight
from optimizer.cache.memory import Held
from optimizer.cache.served import Terms
from optimizer.cache.shared import Look
from optimizer.cache.tiered import TieredCache
from optimizer.domain.freshness import NEVER, Mark, View


class Moved(Exception):  # noqa: N818 - named for what happened
    """The safeguard is not where it was."""


def stamps() -> None:
    """Keep an answer under the stamps of after its fetch, not of before."""
    original = Fetches.fetch

    async def late(self: Fetches, key: str, terms: Terms, look: Look, fetch: Fetch) -> Fetched:
        seen = replace(look)

        async def asked_late() -> Any:
            answer = await fetch()
            now = await self._shared.look(key, terms.tags)
            object.__setattr__(seen, "stamps", now.stamps)
            object.__setattr__(seen, "at", now.at)
            return answer

        return await original(self, key, terms, seen, asked_late)

    Fetches.fetch = late  # type: ignore[method-assign]


def marker() -> None:
    """Let writes leave without a marker; that they begin is still announced."""
    mark = "redis.call('HSET', KEYS[i], ARGV[4], now + ARGV[2])"
    _cut(scripts_changes, "BEGIN", mark, "")


def begin() -> None:
    """Do not tell other processes that a write begins."""
    _cut(scripts_changes, "BEGIN", "publish('begin', ARGV[5])", "")


def l1pos() -> None:
    """Take what L1 is given for as new as the latest change that was heard of."""
    original = TieredCache._keep

    def keep(self: TieredCache, key: str, held: Held) -> None:
        view = self._view
        heard = (view._changes._last.get(tag, 0) for tag in held.tags)
        now = Mark(view.epoch, max(view.applied, *heard))
        original(self, key, Held(held.entry, now, held.tags))

    TieredCache._keep = keep  # type: ignore[method-assign]


def join() -> None:
    """Join whatever fetch of the same question is under way."""
    original = SingleFlight.run

    async def run(
        self: SingleFlight[Any], key: Any, work: Callable[[], Awaitable[Any]]
    ) -> tuple[Any, bool]:
        return await original(self, key[0], work)

    SingleFlight.run = run  # type: ignore[method-assign]


def epoch() -> None:
    """Take a Valkey that was started anew for the one of before."""
    asked = "string.match(info, 'run_id:(%x+)')"
    _cut(scripts, "LOOK", asked, "'0'")
    for name in ("BEGIN", "END", "TOUCH", "SYNC"):
        _cut(scripts_changes, name, asked, "'0'")


def token() -> None:
    """Serve from L1 whatever write a reader asks for."""
    original = View.serves_unasked

    def serves(self: View, now: float, after: Mark | None) -> bool:
        return original(self, now, None)

    View.serves_unasked = serves  # type: ignore[method-assign]


def lease() -> None:
    """Serve from L1 however long ago this process heard of the changes."""
    original = View.serves_unasked

    def serves(self: View, now: float, after: Mark | None) -> bool:
        return original(self, NEVER, after)

    View.serves_unasked = serves  # type: ignore[method-assign]


SWITCHES: dict[str, Callable[[], None]] = {
    switch.__name__: switch for switch in (stamps, marker, begin, l1pos, join, epoch, token, lease)
}


def _cut(module: ModuleType, name: str, old: str, new: str) -> None:
    """Exchange a piece of a script; raises Moved."""
    text = getattr(module, name)
    if text.count(old) != 1:
        raise Moved(f"{module.__name__}.{name} does not hold {old!r} once")
    setattr(module, name, text.replace(old, new))
