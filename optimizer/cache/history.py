"""Changes in Valkey: writers announce them there, and every process follows them."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import redis

from optimizer.cache import scripts_changes as scripts
from optimizer.cache.steps import (
    CHANGES,
    CONFIRMED,
    DOUBTED,
    EPOCH,
    MARKED,
    OUTLINES,
    Steps,
    filters_of,
    fresh_stamp,
    marker_of,
    pairs_of,
    stamp_of,
)
from optimizer.domain.freshness import Mark
from optimizer.errors import CacheUnavailable

_MOST_BEHIND = 1000  # changes; who is further behind drops everything instead of reading them
_MOST_SWEPT = 500
_CONFIRM = 500  # ms in which a replica must confirm a marker


class History:
    """Each method but `wait` is one script, and so one atomic step; raises CacheUnavailable."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._begin = steps.script(scripts.BEGIN)
        self._end = steps.script(scripts.END)
        self._touch = steps.script(scripts.TOUCH)
        self._sync = steps.script(scripts.SYNC)
        self._overdue = steps.script(scripts.OVERDUE)
        self._asked = steps.script(scripts.ASKED)
        self._agree = steps.script(scripts.AGREE)
        self._sweep = steps.script(scripts.SWEEP)
        self._replicas = 0

    async def begin(self, writer: str, tags: Sequence[str]) -> Mark:
        """Add this writer's marker to its tags: until it ends, nothing is served or filled."""
        keys = [MARKED, *map(marker_of, tags)]
        at, _ = await self._steps.step(self._begin, keys, [writer, json.dumps(tags), *tags])
        self._steps.view.change(at, tags, own=True)
        if self._replicas:
            await self._confirm()
        return at

    async def end(
        self, writer: str, tags: Sequence[str], touched: Sequence[str] | None = None
    ) -> Mark:
        """Set new stamps and remove this writer's own marker from all its tags.

        `touched` are those of them that the write has touched, where its answer proves that.
        """
        changed = tags if touched is None else touched
        keys = [*map(stamp_of, changed), *map(marker_of, tags)]
        args = [writer, json.dumps(changed), len(changed)]
        at, _ = await self._steps.step(self._end, keys, args)
        self._steps.view.change(at, changed, own=True)
        return at

    async def touch(self, tags: Sequence[str]) -> Mark:
        """Set new stamps, so that every entry under these tags is dead; markers stay."""
        keys = [stamp_of(tag) for tag in tags]
        at, _ = await self._steps.step(self._touch, keys, [json.dumps(tags)])
        self._steps.view.change(at, tags, own=True)
        return at

    async def asked(self, relation: str, *, forget: bool = False) -> tuple[str, ...]:
        """The filters by which reads of a relation may be kept; with `forget` none is any more."""
        args = [stamp_of(""), "1" if forget else ""]
        at, (found, gone) = await self._steps.step(self._asked, [filters_of(relation)], args)
        self._steps.view.change(at, [tag.decode() for tag in gone], own=True)
        return tuple(text.decode() for text in found)

    async def doubt(self, relation: str, columns: Collection[str]) -> None:
        """Say that answers show columns otherwise than declared, for whoever declared it."""
        text = json.dumps(sorted(columns))
        await self._steps.ask(lambda: self._steps.client.hset(DOUBTED, relation, text))

    async def agree(self, outlines: Mapping[str, str], rested_on: Collection[str]) -> None:
        """Say what the schema is; a new epoch begins where that is not what tags rested on."""
        parts = [(name, text, int(name in rested_on)) for name, text in outlines.items()]
        args = [arg for part in parts for arg in part]
        await self._steps.step(self._agree, [OUTLINES], args)

    async def catch_up(self, clock: Callable[[], float], bound: float) -> None:
        """Apply all that happened; L1 may be served unasked until `bound` s after the asking.

        It asks a server that hung a moment ago, too.
        """
        view, sent = self._steps.view, clock()
        fresh, life, epoch = self._steps.epoch_arguments()
        known = view.applied
        args = [fresh, life, epoch, known, _MOST_BEHIND]
        found = await self._steps.ask(lambda: self._sync(keys=[EPOCH, CHANGES], args=args))
        self._replicas = found[3] or 0
        changes = None if found[2] is None else [json.loads(text) for text in found[2]]
        at = Mark(found[0].decode(), int(found[1]))
        numbered = None if changes is None else list(enumerate(changes, known + 1))
        view.catch_up(at, numbered, sent + bound)

    async def wait(self, seconds: float) -> None:
        """Return when something happens that is not applied yet, or the time is over."""
        after: Any = {CHANGES: f"{self._steps.view.applied}-1"}
        block = max(1, int(seconds * 1000))
        await self._steps.ask(lambda: self._steps.client.xread(after, count=1, block=block))

    async def keeps_markers(self) -> bool:
        """Whether Valkey, when its memory is full, leaves alone what has no expiry."""
        found = await self._steps.ask(lambda: self._steps.client.info("memory"))
        return spares_markers(str(found["maxmemory_policy"]))

    async def sweep(self) -> int:
        """End what dead writers left behind and nobody has asked about; how many markers."""
        found = await self._steps.run(self._overdue, [MARKED], [_MOST_SWEPT])
        if not found:
            return 0
        tags = [name.decode() for name in found]
        args = [fresh_stamp(), *tags]
        return int(await self._steps.run(self._sweep, [MARKED, *pairs_of(tags)], args))

    async def _confirm(self) -> None:
        """With replicas a marker counts when one of them has it; else a failover loses it."""
        # WAIT speaks of its own connection's writes; one after the marker speaks for it.
        pipe: Any = self._steps.client.pipeline(transaction=False)
        pipe.set(CONFIRMED, 1).wait(1, _CONFIRM)
        _, confirmed = await self._steps.ask(pipe.execute)
        if not confirmed:
            raise CacheUnavailable("no replica of Valkey confirmed the marker")


def learnt_blocking(client: redis.Redis) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The outlines that were learnt and the columns that are doubted, by relation; for a thread
    without an event loop. Raises CacheUnavailable."""
    try:
        found: list[Any] = [client.hgetall(OUTLINES), client.hgetall(DOUBTED)]
    except (redis.exceptions.RedisError, OSError) as error:
        raise CacheUnavailable(f"Valkey cannot be used: {type(error).__name__}") from error
    outlines, doubted = ({n.decode(): t.decode() for n, t in one.items()} for one in found)
    return outlines, {name: json.loads(text) for name, text in doubted.items()}


def spares_markers(policy: str) -> bool:
    """Whether Valkey under this `maxmemory-policy` never evicts a key without an expiry."""
    return policy == "noeviction" or policy.startswith("volatile-")


def open_epoch(client: redis.Redis) -> None:
    """Declare that no writer of before is at work any more, so nothing must be waited for.

    For whoever starts Valkey and everything around it; a new epoch begins. Raises RedisError.
    """
    client.eval(scripts.OPEN, 2, EPOCH, CHANGES, fresh_stamp(), 0, "")
