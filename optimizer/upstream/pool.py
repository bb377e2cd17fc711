"""Leases of supabase-py clients: one client for one caller, never re-dressed, bounded in number."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from supabase import AsyncClient

from optimizer.domain.facts import Emit, LeaseTaken
from optimizer.domain.scope import digest
from optimizer.errors import PoolFull, PoolTimeout

WAIT_TIMEOUT = 10.0  # s
MAX_WAITING = 1000


class Limits(Protocol):
    """What the pool asks of the settings, at each lease anew."""

    @property
    def pool_enabled(self) -> bool: ...
    @property
    def pool_max_connections(self) -> int: ...
    @property
    def pool_max_idle_time(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a client speaks for: a bearer token, or a user id trusted in process, or nobody."""

    bearer: str | None = None
    user_id: str | None = None

    @property
    def name(self) -> str:
        """The pool's name for this identity; a hash, so that no token is kept in a key."""
        return digest("bearer", self.bearer) if self.bearer else digest("user", self.user_id)


@dataclass(slots=True)
class _Pooled:
    client: AsyncClient
    used_at: float
    leases: int = 0


@dataclass(frozen=True, slots=True)
class PoolGauges:
    """How many clients a pool holds now, and how many of them are lent."""

    total: int
    active: int

    @property
    def idle(self) -> int:
        """Clients that nobody uses now."""
        return self.total - self.active


class ConnectionPool:
    """Lends clients; a caller's parallel requests share one, as httpx allows."""

    def __init__(
        self,
        make: Callable[[Identity], AsyncClient],
        limits: Limits,
        emit: Emit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._limits = limits
        self._emit = emit
        self._clock = clock
        self._clients: OrderedDict[str, _Pooled] = OrderedDict()
        self._freed = asyncio.Condition()
        self._waiting = 0

    @asynccontextmanager
    async def get_connection(
        self, user_id: str | None = None, jwt_token: str | None = None
    ) -> AsyncIterator[AsyncClient]:
        """Lend a client for the length of a block; raises PoolFull or PoolTimeout.

        With a token it speaks for that token's user. With a user id alone it speaks with the
        service role, and the caller must filter by owner. With neither it is anonymous.
        """
        pooled = await self._take(Identity(jwt_token, None if jwt_token else user_id))
        try:
            yield pooled.client
        finally:
            await self._give_back(pooled)

    @property
    def gauges(self) -> PoolGauges:
        """Count the clients."""
        active = sum(p.leases > 0 for p in self._clients.values())
        return PoolGauges(len(self._clients), active)

    async def close_idle(self) -> int:
        """Close the clients that nobody used for `pool_max_idle_time`; returns how many."""
        limit = self._clock() - self._limits.pool_max_idle_time
        names = [n for n, p in self._clients.items() if not p.leases and p.used_at <= limit]
        for name in names:
            await _close(self._clients.pop(name))
        return len(names)

    async def close(self) -> None:
        """Close every client."""
        while self._clients:
            await _close(self._clients.popitem()[1])

    async def _take(self, identity: Identity) -> _Pooled:
        start = self._clock()
        async with self._freed:
            pooled, reused = await self._find_or_make(identity)
            pooled.leases += 1
        self._emit(LeaseTaken(reused, self._clock() - start))
        return pooled

    async def _find_or_make(self, identity: Identity) -> tuple[_Pooled, bool]:
        name = identity.name
        if not self._limits.pool_enabled:
            return _Pooled(self._make(identity), self._clock()), False
        if name not in self._clients:
            await self._wait_for_room(name)
        if name in self._clients:  # another caller may have made it meanwhile
            self._clients.move_to_end(name)
            return self._clients[name], True
        self._clients[name] = pooled = _Pooled(self._make(identity), self._clock())
        return pooled, False

    async def _wait_for_room(self, name: str) -> None:
        if self._room() or await self._evict():
            return
        if self._waiting >= MAX_WAITING:
            raise PoolFull(f"{MAX_WAITING} callers already wait for a connection")
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_TIMEOUT):
                while not (name in self._clients or self._room() or await self._evict()):
                    await self._freed.wait()
        except TimeoutError as error:
            raise PoolTimeout(f"no connection became free in {WAIT_TIMEOUT:.0f} s") from error
        finally:
            self._waiting -= 1

    def _room(self) -> bool:
        return len(self._clients) < self._limits.pool_max_connections

    async def _evict(self) -> bool:
        """Close the idle client that was used longest ago."""
        name = next((n for n, p in self._clients.items() if not p.leases), None)
        if name is None:
            return False
        await _close(self._clients.pop(name))
        return True

    async def _give_back(self, pooled: _Pooled) -> None:
        pooled.leases -= 1
        pooled.used_at = self._clock()
        if not self._limits.pool_enabled:
            await _close(pooled)
        async with self._freed:
            self._freed.notify_all()


async def _close(pooled: _Pooled) -> None:
    session = pooled.client.options.httpx_client
    if session is not None:
        await session.aclose()
