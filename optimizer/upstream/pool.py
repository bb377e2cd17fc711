"""Leases of supabase-py clients: one client for one caller, never re-dressed, bounded in number."""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from supabase import AsyncClient

from optimizer.domain.facts import Emit, LeaseTaken
from optimizer.domain.scope import digest
from optimizer.errors import PoolFull, PoolTimeout, TokenMissing

logger = logging.getLogger("optimizer.access")

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
    def kind(self) -> str:
        """What it is, in a word."""
        if self.bearer:
            return "user"
        return "service" if self.user_id else "anonymous"

    @property
    def name(self) -> str:
        """The pool's name for this identity; a hash, so that no token is kept in a key."""
        return digest("bearer", self.bearer) if self.bearer else digest("user", self.user_id)


@dataclass(slots=True, eq=False)
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
        self._evicted: list[_Pooled] = []  # to be closed
        self._line: deque[object] = deque()  # who waits for room, first come first
        self._news = asyncio.Event()  # set, and replaced, when who waits should look again

    @asynccontextmanager
    async def get_connection(
        self, user_id: str | None = None, jwt_token: str | None = None
    ) -> AsyncIterator[AsyncClient]:
        """Lend a client for the length of a block; raises PoolFull or PoolTimeout.

        With a token it speaks for that token's user. With a user id alone it speaks with the
        service role, and the caller must filter by owner. With neither it is anonymous. An empty
        token is refused with TokenMissing: it would silently become another identity.
        """
        if "" in (user_id, jwt_token):
            raise TokenMissing("an empty token or user id was given; None means that there is none")
        pooled = await self._take(Identity(jwt_token, None if jwt_token else user_id))
        try:
            await self._close_evicted()
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
        await self._close_evicted()

    async def _take(self, identity: Identity) -> _Pooled:
        start, name = self._clock(), identity.name
        if self._limits.pool_enabled and name not in self._clients:
            await self._wait_for_room(name)
        # From here to the lease nothing is awaited, so nobody else takes the room.
        pooled, reused = self._find_or_make(name, identity)
        pooled.leases += 1
        self._emit(LeaseTaken(reused, self._clock() - start, identity.kind, name[:8]))
        logger.debug("Connection pool: %s is user %s", name[:8], identity.user_id)
        return pooled

    def _find_or_make(self, name: str, identity: Identity) -> tuple[_Pooled, bool]:
        if not self._limits.pool_enabled:
            return _Pooled(self._make(identity), self._clock()), False
        if name in self._clients:
            self._clients.move_to_end(name)
            return self._clients[name], True
        pooled = _Pooled(self._make(identity), self._clock())
        self._admit(name, pooled)
        return pooled, False

    def _admit(self, name: str, pooled: _Pooled) -> None:
        """Keep a new client; the idle one that was used longest ago makes room for it."""
        if len(self._clients) >= self._limits.pool_max_connections:
            idle = next((n for n, p in self._clients.items() if not p.leases), None)
            if idle is not None:
                self._evicted.append(self._clients.pop(idle))
        self._clients[name] = pooled

    async def _wait_for_room(self, name: str) -> None:
        if self._room() and not self._line:
            return
        if len(self._line) >= MAX_WAITING:
            raise PoolFull(f"{MAX_WAITING} callers already wait for a connection")
        place = object()
        self._line.append(place)
        try:
            async with asyncio.timeout(WAIT_TIMEOUT):
                while not (name in self._clients or (self._line[0] is place and self._room())):
                    await self._news.wait()
        except TimeoutError as error:
            raise PoolTimeout(f"no connection became free in {WAIT_TIMEOUT:.0f} s") from error
        finally:
            self._line.remove(place)

    async def _close_evicted(self) -> None:
        while self._evicted:
            await _close(self._evicted.pop())

    def _room(self) -> bool:
        below = len(self._clients) < self._limits.pool_max_connections
        return below or any(not p.leases for p in self._clients.values())

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _give_back(self, pooled: _Pooled) -> None:
        pooled.leases -= 1
        pooled.used_at = self._clock()
        self._tell()
        if not pooled.leases and pooled not in self._clients.values():
            await _close(pooled)


async def _close(pooled: _Pooled) -> None:
    session = pooled.client.options.httpx_client
    if session is not None:
        await session.aclose()
