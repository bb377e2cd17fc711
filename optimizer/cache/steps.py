"""Running the protocol's scripts: the keys' names, and what happens when Valkey is away."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis.exceptions
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError, RedisError

from optimizer.cache.multiplexed import Multiplexed
from optimizer.domain.freshness import Mark, View
from optimizer.errors import CacheUnavailable

PREFIX = "{canvalo}"
EPOCH = f"{PREFIX}:epoch"
CHANGES = f"{PREFIX}:changes"
INDEX = f"{PREFIX}:entries"
DOUBTED = f"{PREFIX}:doubted"
OUTLINES = f"{PREFIX}:outlines"
MARKED = f"{PREFIX}:marked"
CONFIRMED = f"{PREFIX}:confirmed"

_REST = 1.0  # s for which a server that hangs is not asked again
HANGS = (TimeoutError, redis.exceptions.TimeoutError)
Script = AsyncScript


class _Unknown(CacheUnavailable):
    """The server has not been told this script yet."""


class Steps:
    """One connection pool's way to run scripts; raises CacheUnavailable alone.

    A server that refuses is asked again each time, for that costs nothing; one that hangs is left
    alone for a second, so that not every caller waits for the time-out.
    """

    def __init__(self, client: Redis, life: Callable[[], float]) -> None:
        self.client = client
        self.view = View()
        self.life = life  # of a marker, in s
        self._rest_until = 0.0
        self.shared = Multiplexed(client.connection_pool)

    def script(self, text: str) -> Script:
        """A script that is sent by its hash."""
        return self.client.register_script(text)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run a script that does not care for the epoch."""
        return await self._unless_it_hangs(lambda: script(keys=keys, args=args))

    async def step(
        self, script: Script, keys: Sequence[str], args: Sequence[Any]
    ) -> tuple[Mark, Sequence[Any]]:
        """Run a script that begins with the epoch; where it is, and the rest of its answer.

        An answer of an epoch that has ended counts for nothing.
        """
        args = [*self.epoch_arguments(), *args]
        return self._placed(await self.run(script, [EPOCH, CHANGES, *keys], args))

    async def swift_step(
        self, script: Script, keys: Sequence[str], args: Sequence[Any]
    ) -> tuple[Mark, Sequence[Any]]:
        """The same by the connection that all share, for a script that may be run twice."""
        names, told = [EPOCH, CHANGES, *keys], [*self.epoch_arguments(), *args]
        command = ("EVALSHA", script.sha, len(names), *names, *told)
        try:
            found = await self._unless_it_hangs(lambda: self.shared.ask(*command))
        except _Unknown:  # to this server; redis-py tells it
            found = await self.run(script, names, told)
        return self._placed(found)

    def _placed(self, found: Sequence[Any]) -> tuple[Mark, Sequence[Any]]:
        at = Mark(found[0].decode(), int(found[1]))
        if not self.view.adopt(at):
            raise CacheUnavailable("Valkey was replaced meanwhile")
        return at, found[2:]

    async def _unless_it_hangs(self, question: Callable[[], Any]) -> Any:
        if time.monotonic() < self._rest_until:
            raise CacheUnavailable("Valkey did not answer a moment ago")
        return await self.ask(question)

    def epoch_arguments(self) -> list[Any]:
        """What every script that begins with the epoch is told."""
        return [fresh_stamp(), int(self.life() * 1000), self.view.epoch]

    async def ask(self, question: Callable[[], Any]) -> Any:
        """Ask whatever it is, also a server that hung a moment ago."""
        try:
            found = await question()
        except NoScriptError as error:
            raise _Unknown("Valkey does not know the script") from error
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, HANGS):
                self._rest_until = time.monotonic() + _REST
            # Its text holds the server's address.
            raise CacheUnavailable(f"Valkey cannot be used: {type(error).__name__}") from error
        self._rest_until = 0.0
        return found


def fresh_stamp() -> str:
    """Make a stamp. Random, not a counter: one that is lost and made anew never repeats."""
    return secrets.token_hex(8)


def stamp_of(tag: str) -> str:
    """The key of a tag's stamp."""
    return f"{PREFIX}:s:{tag}"


def marker_of(tag: str) -> str:
    """The key of a tag's markers."""
    return f"{PREFIX}:m:{tag}"


def filters_of(relation: str) -> str:
    """The key of the filters by which reads of a relation are kept."""
    return f"{PREFIX}:q:{relation}"


def pairs_of(tags: Sequence[str]) -> list[str]:
    """The keys of stamp and markers of each tag."""
    return [name for tag in tags for name in (stamp_of(tag), marker_of(tag))]
