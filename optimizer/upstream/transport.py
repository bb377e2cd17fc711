"""The one transport under everything: its turns, its deadline, its retries, and its breaker."""

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Protocol, TypeVar

import httpx

from optimizer.domain.answer import Answer
from optimizer.domain.facts import AttemptRepeated, CallRepeated, Emit, unheard
from optimizer.domain.retry import (
    Budget,
    Ended,
    Failure,
    costs,
    pause_before_next,
)
from optimizer.errors import CircuitOpen, PoolError
from optimizer.upstream import breaker, gate
from optimizer.upstream.breaker import Breaker
from optimizer.upstream.exchange import failure_of, read_whole
from optimizer.upstream.gate import Gate, Held
from optimizer.upstream.tls import trusted
from optimizer.upstream.trip import Failed, Trip, ended_of

KEPT_ALIVE = 30.0  # s; an idle connection is not used after this, and closed soon


class Limits(gate.Limits, breaker.Limits, Protocol):
    """What the transport asks of the settings, at each request anew; times are seconds."""

    @property
    def retry_attempts(self) -> int: ...
    @property
    def request_deadline(self) -> float: ...
    @property
    def pool_http2(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Limits of one's own, for a program without the settings."""

    pool_max_connections: int = 50
    pool_max_waiting: int = 1000
    pool_wait_timeout: float = 10.0
    pool_http2: bool = False
    retry_attempts: int = 5
    request_deadline: float = 30.0
    breaker_enabled: bool = True


R = TypeVar("R", Answer, httpx.Response)
Send = Callable[[Trip], Awaitable[R]]


class SharedTransport(httpx.AsyncBaseTransport):
    """What all clients of a process and event loop share; opened by `make_transport`.

    `ask` is for questions about rows: answers are read whole, under one deadline, past a circuit
    breaker. Everything else is streamed as it comes, and raises httpx's own errors. Both take
    turns, and repeat only what it is safe to repeat.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, limits: Limits, emit: Emit) -> None:
        self.inner = inner
        self._limits = limits
        self._emit = emit
        self._http2 = limits.pool_http2
        self._budget = Budget()
        self._used_at = time.monotonic()
        self._pausing = 0
        self.gate = Gate(limits, emit)
        self.breaker = Breaker(limits, emit, time.monotonic)

    async def ask(self, request: httpx.Request) -> Answer:
        """Send a question about rows and read the whole answer.

        Raises PoolFull, PoolTimeout, CircuitOpen or UpstreamUnreachable where nothing left,
        DeadlinePassed or UpstreamError where no answer came and it may have been carried out.
        """
        trip, seconds = Trip(request, about_rows=True), self._limits.request_deadline
        try:
            until = asyncio.get_running_loop().time() + seconds
            async with asyncio.timeout_at(until):
                got = await self._persist(trip, self._whole, until)
        except TimeoutError as error:
            raise trip.late(seconds) from error
        except PoolError as error:
            raise trip.refused(error) from error
        if isinstance(got, Failed):
            raise trip.failed(got) from got.error
        return replace(got, settled=False) if trip.in_doubt else got

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on untouched and stream its answer; raises httpx's errors."""
        trip = Trip(request, about_rows=False)
        until = asyncio.get_running_loop().time() + self._limits.request_deadline
        try:
            got = await self._persist(trip, self._streamed, until)
        except PoolError as error:
            raise httpx.PoolTimeout(str(error), request=request) from error
        if isinstance(got, Failed):
            raise got.error
        return got

    async def aclose(self) -> None:
        """Close every connection."""
        await self.inner.aclose()

    async def close_idle(self) -> None:
        """Close the connections where none was used for a while; the next request opens one."""
        idle = time.monotonic() - self._used_at > KEPT_ALIVE
        if idle and not self.gate.in_flight:
            await self.inner.aclose()

    async def _persist(self, trip: Trip, send: Send[R], until: float) -> R | Failed:
        """Send, and send again as long as that is allowed; `until` is loop time."""
        self._budget.earn()
        while True:
            got = await self._noted(trip, send)
            ended = ended_of(got, trip.number)
            self._note(trip, ended)
            pause = self._pause(trip, ended, until)
            if pause is None:
                return got
            if isinstance(got, httpx.Response):
                await got.aclose()
            self._emit(AttemptRepeated(str(ended.how), pause))
            await self._sleep(pause)
            trip.number += 1

    async def _noted(self, trip: Trip, send: Send[R]) -> R | Failed:
        try:
            return await self._attempt(trip, send)
        except asyncio.CancelledError:
            if trip.under_way:
                self._note(trip, trip.interrupted())
            raise

    def _note(self, trip: Trip, ended: Ended) -> None:
        """Whoever asks counts one call: those beyond are told here."""
        if trip.counted and trip.left and ended.left:
            self._emit(CallRepeated())
        trip.note(ended)

    def _pause(self, trip: Trip, ended: Ended, until: float) -> float | None:
        if not ended.failed or not trip.may_repeat(ended):
            return None
        if self._pausing >= self._limits.pool_max_waiting:
            return None  # who pauses takes memory too
        left = until - asyncio.get_running_loop().time()
        die = random.random()  # noqa: S311 - it spreads load and hides nothing
        pause = pause_before_next(ended, self._limits.retry_attempts, left, die)
        free = pause is None or not costs(ended)
        return pause if free or self._budget.spend() else None

    async def _sleep(self, seconds: float) -> None:
        self._pausing += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._pausing -= 1

    async def _attempt(self, trip: Trip, send: Send[R]) -> R | Failed:
        await self.gate.enter(trip.caller)
        self._used_at = time.monotonic()
        try:
            return await send(trip)
        except httpx.TransportError as error:
            return Failed(error, self._failure(error, trip))
        except CircuitOpen as error:
            return Failed(error, Failure.SHUT)

    async def _whole(self, trip: Trip) -> Answer:
        """One attempt at a question about rows."""
        try:
            self.breaker.enter()
            return await self._watched(trip)
        finally:
            self.gate.leave()

    async def _watched(self, trip: Trip) -> Answer:
        """Send; whatever becomes of it, the breaker is told."""
        well: bool | None = None
        trip.under_way = True
        try:
            answer = await read_whole(await self.inner.handle_async_request(trip.request))
            well = not ended_of(answer, trip.number).ill
        except httpx.TransportError as error:
            well = False if Ended(self._failure(error, trip)).ill else None
            raise
        finally:
            self.breaker.report(well)
        return answer

    async def _streamed(self, trip: Trip) -> httpx.Response:
        """One attempt at anything else; its place is given back when the answer is closed."""
        leave = self.gate.leave_once()
        try:
            response = await self.inner.handle_async_request(trip.request)
        except BaseException:
            leave()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
        response.stream = Held(response.stream, leave)
        return response

    def _failure(self, error: httpx.TransportError, trip: Trip) -> Failure:
        return failure_of(error, trip.witness, self._http2)


def make_transport(
    limits: Limits, proxy: str | None = None, emit: Emit = unheard
) -> SharedTransport:
    """Open the transport that all clients of a process and event loop share.

    A transport of one's own does not look at `HTTPS_PROXY`: `proxy` is what to use of it. httpx
    itself sets no limit: its queue is unfair and endless, and a cancelled caller can leave a place
    in its pool taken for ever, so the places are counted here.

    HTTP/1.1 by default: behind an edge that sends GOAWAY, concurrent HTTP/2 requests fail in bulk
    (httpx issue 3072, supabase-py issue 1064).
    """
    _remember_that_sniffio_is_missing()
    inner = httpx.AsyncHTTPTransport(
        verify=trusted(os.environ),
        http2=limits.pool_http2,
        limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE),
        proxy=proxy,
    )
    return SharedTransport(inner, limits, emit)


def _remember_that_sniffio_is_missing() -> None:
    """Spare the search for a module that is not there.

    Four times a request httpcore imports it, to learn which async library runs. Where it is not
    installed, each import looks through every folder anew: a tenth of a request's CPU time.
    """
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment] # Python's own way to say so
