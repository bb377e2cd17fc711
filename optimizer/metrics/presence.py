"""What each process says of itself for whoever operates it: its breaker, its settings, its batches.

This is for looking at, and none of it is counted: figures come from the ledger.
"""

import json
import logging
import os
import socket
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import redis
import redis.asyncio

from optimizer.domain.facts import BatchFlushed, CircuitMoved, Fact
from optimizer.metrics.ledger import unavailable

log = logging.getLogger(__name__)

NAMES = "{canvalo}:processes"
BATCHES = "{canvalo}:batches"
ALIVE = 15  # s after which a process that says nothing counts as gone
MOST_BATCHES = 2000  # that wait in Valkey to be stored; older ones are dropped
_HELD = 500  # that a process holds while Valkey is away


@dataclass(frozen=True, slots=True)
class Presence:
    """A process, and what holds in it; times are seconds since the epoch."""

    name: str
    program: str
    host: str
    pid: int
    since: float
    breaker: str = "closed"
    breaker_since: float = 0.0
    settings: str = ""  # the version of the run-time settings that it obeys


@dataclass(frozen=True, slots=True)
class BatchNote:
    """A batch that was carried out; `id` tells it apart when it is delivered twice."""

    id: str
    at: float
    relation: str
    operation: str
    rows: int
    failed: int
    calls: int
    seconds: float


class Announcer:
    """Says every second how its process stands, and which batches have ended since."""

    def __init__(self, name: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        program, now = _program(Path(sys.argv[0])), clock()
        host, pid = socket.gethostname(), os.getpid()
        self._self = Presence(name, program, host, pid, now, breaker_since=now)
        self._batches: deque[BatchNote] = deque(maxlen=_HELD)

    def hear(self, fact: Fact) -> None:
        """Take notice of a batch that ended, and of the breaker."""
        if type(fact) is BatchFlushed:
            self._batches.append(_noted(fact, self._clock()))
        elif type(fact) is CircuitMoved:
            self._self = replace(self._self, breaker=fact.state, breaker_since=self._clock())

    async def announce(self, client: "redis.asyncio.Redis", settings: str) -> None:
        """Say it; what cannot be said now is said the next time."""
        me = replace(self._self, settings=settings)
        notes, self._batches = self._batches, deque(maxlen=_HELD)
        async with client.pipeline(transaction=False) as told:
            told.set(_key(me.name), json.dumps(asdict(me)), ex=ALIVE)
            told.sadd(NAMES, me.name)
            if notes:
                told.rpush(BATCHES, *(json.dumps(asdict(note)) for note in notes))
                told.ltrim(BATCHES, -MOST_BATCHES, -1)
            try:
                await told.execute()
            except (redis.RedisError, OSError) as error:
                log.debug("nobody was told how this process stands: %s", type(error).__name__)
                self._batches.extendleft(reversed(notes))

    async def leave(self, client: "redis.asyncio.Redis") -> None:
        """Say goodbye, after what is left to say."""
        await self.announce(client, self._self.settings)
        try:
            await client.delete(_key(self._self.name))
        except (redis.RedisError, OSError) as error:
            log.debug("the process is missed for %d s: %s", ALIVE, type(error).__name__)


def _program(started: Path) -> str:
    """What a process is called: `python -m uvicorn` is `uvicorn`."""
    named = started.parent.name if started.name == "__main__.py" else started.name
    return named or "python"


def _noted(fact: BatchFlushed, at: float) -> BatchNote:
    return BatchNote(
        str(uuid.uuid4()), at, fact.relation, fact.operation, fact.rows, fact.failed, fact.calls,
        fact.seconds,
    )  # fmt: skip


def present(client: redis.Redis) -> list[Presence]:
    """The processes that are alive, the eldest first; raises CacheUnavailable."""
    with unavailable():
        names: list[bytes] = sorted(client.smembers(NAMES))  # type: ignore[arg-type]
        said = client.mget([_key(name.decode()) for name in names]) if names else []
        told = dict(zip(names, said, strict=True))
        if gone := [name for name, text in told.items() if text is None]:
            client.srem(NAMES, *gone)
    found = [Presence(**json.loads(text)) for text in told.values() if text is not None]
    return sorted(found, key=lambda one: (one.since, one.name))


def waiting(client: redis.Redis) -> Iterator[tuple[bytes, BatchNote]]:
    """The batches that wait to be stored, each with what `taken` is to be told of."""
    with unavailable():
        texts: list[bytes] = client.lrange(BATCHES, 0, -1)  # type: ignore[assignment]
    for text in texts:
        yield text, BatchNote(**json.loads(text))


def taken(client: redis.Redis, texts: list[bytes]) -> None:
    """These are stored: whoever does so a second time changes nothing."""
    with unavailable(), client.pipeline(transaction=False) as told:
        for text in texts:
            told.lrem(BATCHES, 1, text.decode())
        told.execute()


def _key(name: str) -> str:
    return f"{{canvalo}}:process:{name}"
