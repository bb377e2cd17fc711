"""Leases of supabase-py clients: one client for one caller, never re-dressed, bounded in number.

A client holds no connection: all share one transport, whose gate bounds the requests under way.
What is bounded here is how many clients are kept, and how many of them are lent at once.
"""

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol

import httpx

from optimizer.domain.facts import Emit, LeaseTaken
from optimizer.domain.tally import Tally
from optimizer.errors import TokenMissing
from optimizer.upstream import line
from optimizer.upstream.clients import C, Clients, Identity, Pooled
from optimizer.upstream.line import Line

logger = logging.getLogger("optimizer.access")


class Limits(line.Limits, Protocol):
    """What the pool asks of the settings, at each lease anew."""

    @property
    def pool_enabled(self) -> bool: ...
    @property
    def pool_max_connections(self) -> int: ...
    @property
    def pool_max_idle_time(self) -> float: ...


@dataclass(frozen=True, slots=True)
class PoolGauges:
    """How many clients a pool holds now, and how many of them are lent."""

    total: int
    active: int

    @property
    def idle(self) -> int:
        """Clients that nobody uses now."""
        return self.total - self.active


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """What a pool did since it was opened; waiting times in seconds, None before a first lease."""

    total: int
    active: int
    idle: int
    waiting: int
    leases: int
    reused: int
    waited_p50: float | None
    waited_p95: float | None


class ConnectionPool(Generic[C]):
    """Lends clients; a caller's parallel requests share one, as httpx allows."""

    def __init__(
        self,
        make: Callable[[Identity], C],
        limits: Limits,
        emit: Emit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients: Clients[C] = Clients(make)
        self._limits = limits
        self._emit = emit
        self._clock = clock
        self._closing: list[Pooled[C]] = []  # those that made room
        self._line = Line(limits, emit)  # who waits for room
        self._promised: Counter[str] = Counter()  # whose turn has come, until they take it
        self._waits = Tally()
        self._reused = 0

    @asynccontextmanager
    async def get_connection(
        self, user_id: str | None = None, jwt_token: str | None = None
    ) -> AsyncIterator[C]:
        """Lend a client for the length of a block; raises PoolFull or PoolTimeout.

        With a token it speaks for that token's user. With a user id alone it speaks with the
        service role, and the caller must filter by owner. With neither it is anonymous, and for
        this block nobody else's: it may sign in, and is not lent again then. An empty token is
        refused with TokenMissing: it would silently become another identity.
        """
        if "" in (user_id, jwt_token):
            raise TokenMissing("an empty token or user id was given; None means that there is none")
        pooled = await self._take(Identity(jwt_token, None if jwt_token else user_id))
        try:
            await self._close_dropped()
            yield pooled.client
        finally:
            await self._give_back(pooled)

    @property
    def gauges(self) -> PoolGauges:
        """Count the clients."""
        return PoolGauges(len(self._clients), self._clients.lent)

    def statistics(self) -> PoolStatistics:
        """How many clients there are, how many leases there were, and how long they waited."""
        now, waits = self.gauges, self._waits
        quantiles = waits.quantile(0.5), waits.quantile(0.95)
        return PoolStatistics(
            now.total, now.active, now.idle, len(self._line), waits.count, self._reused, *quantiles
        )

    async def close_idle(self) -> int:
        """Close the clients that nobody used for `pool_max_idle_time`; returns how many."""
        idle = self._clients.idle_since(self._clock() - self._limits.pool_max_idle_time)
        for pooled in idle:
            self._drop(pooled)
        await self._close_dropped()
        return len(idle)

    async def close(self) -> None:
        """Close every client."""
        for pooled in self._clients:
            self._drop(pooled)
        await self._close_dropped()

    async def _take(self, identity: Identity) -> Pooled[C]:
        start, name = self._clock(), identity.name
        if self._limits.pool_enabled and identity.kind != "anonymous":
            await self._wait_for_room(name)
        try:  # from here to the lease nothing is awaited, so nobody else takes the room
            pooled, reused = self._find_or_make(name, identity)
            self._clients.lend(pooled)
        finally:
            self._promised.pop(name, None)
            self._call_next()
        self._note(LeaseTaken(reused, self._clock() - start, identity.kind, name[:8]))
        logger.debug("Connection pool: %s is user %s", name[:8], identity.user_id)
        return pooled

    def _note(self, lease: LeaseTaken) -> None:
        self._waits.add(lease.waited)
        self._reused += lease.reused
        self._emit(lease)

    def _find_or_make(self, name: str, identity: Identity) -> tuple[Pooled[C], bool]:
        if not self._limits.pool_enabled:
            return self._clients.make(identity, "", self._clock()), False
        if identity.kind == "anonymous":
            return self._exclusive(name, identity)
        found = self._clients.find(name)
        if found is not None and not found.is_redressed:
            return found, True
        if found is not None:
            self._drop(found)
        return self._make(identity, name), False

    def _exclusive(self, name: str, identity: Identity) -> tuple[Pooled[C], bool]:
        """A client for one lease: another's sign-in would make it speak for somebody else."""
        idle = self._clients.find_idle(name)
        if idle is not None:
            return idle, True
        return self._make(identity, self._clients.new_name(name) if self._room() else ""), False

    def _make(self, identity: Identity, name: str) -> Pooled[C]:
        """Make a client; the idle one that was used longest ago makes room for it."""
        pooled = self._clients.make(identity, name, self._clock())
        if len(self._clients) > self._limits.pool_max_connections:
            idle = self._clients.idle_longest(but=pooled)
            if idle is not None:
                self._drop(idle)
        return pooled

    async def _wait_for_room(self, name: str) -> None:
        self._call_next()  # the limit may have been raised
        while not self._may_take(name):
            await self._line.wait(name, lost=lambda: self._break_promise(name))

    def _may_take(self, name: str) -> bool:
        if name in self._promised or self._clients.is_lent(name):
            return True
        return self._room() and not self._line

    def _room(self) -> bool:
        return self._clients.lent + len(self._promised) < self._limits.pool_max_connections

    def _call_next(self) -> None:
        """Call whoever's turn it is, and all others who wait for the same client."""
        while self._room() and (name := self._line.next_caller) is not None:
            if called := self._line.call_all_of(name):
                self._promised[name] = called

    def _break_promise(self, name: str) -> None:
        """One whose turn had come has gone away."""
        self._promised[name] -= 1
        if self._promised[name] <= 0:
            del self._promised[name]
            self._call_next()

    def _drop(self, pooled: Pooled[C]) -> None:
        self._clients.drop(pooled)
        if not pooled.leases:
            self._closing.append(pooled)

    async def _close_dropped(self) -> None:
        while self._closing:
            await _close(self._closing.pop())

    async def _give_back(self, pooled: Pooled[C]) -> None:
        used = self._clients.take_back(pooled, self._clock())
        self._call_next()
        if not used:
            await _close(pooled)


async def _close(pooled: Pooled[C]) -> None:
    session = pooled.client.options.httpx_client
    if isinstance(session, httpx.AsyncClient):
        await session.aclose()
    elif session is not None:
        session.close()
