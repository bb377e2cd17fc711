"""The one flow: every read and every change of every door passes through here."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Protocol

from optimizer.cache.tiered import Fetch, Served, Terms, TieredCache
from optimizer.domain import tags
from optimizer.domain.answer import Answer, Call
from optimizer.domain.facts import (
    CacheFault,
    CacheRead,
    ChangeMade,
    Emit,
    MissReason,
    Operation,
    ReadOutcome,
    Tier,
    UpstreamCall,
)
from optimizer.domain.query import Change, Read
from optimizer.domain.scope import Scope
from optimizer.domain.ttl import TablePolicy
from optimizer.errors import (
    CacheUnavailable,
    OutcomeUnknown,
    UpstreamError,
    UpstreamUnreachable,
)

MARKER_LIFE = 60.0  # s; longer than any statement that the upstream may still commit
WRITE_DEADLINE = 30.0  # s for the whole write, so that a marker always outlives it


class Policies(Protocol):
    """What the engine asks of the settings, at each request anew."""

    @property
    def cache_enabled(self) -> bool: ...
    @property
    def cache_max_size(self) -> int: ...
    def policy(self, relation: str) -> TablePolicy: ...


class Engine:
    """Answers reads from the cache where that is allowed, and fences changes."""

    def __init__(self, cache: TieredCache, policies: Policies, emit: Emit) -> None:
        self._cache = cache
        self._policies = policies
        self._emit = emit
        self._owed: set[str] = set()  # tags that an unfenced write could not touch

    async def read(self, read: Read, scope: Scope, call: Call) -> Served:
        """Answer a read for this caller; `call` asks Supabase."""
        start = time.perf_counter()
        fetch = self._measured(read.name, Operation.READ, call)
        policy = self._policies.policy(read.name)
        if await self._may_cache(read, scope, policy):
            terms = Terms(
                tags.of_read(read, policy.sources), policy.ttl, self._policies.cache_max_size
            )
            served = await self._cache.read(read.key(scope), terms, fetch)
        else:
            served = await _bypass(fetch)
        self._emit(_cache_read(read, served, time.perf_counter() - start))
        return served

    async def change(self, change: Change, call: Call) -> Answer:
        """Carry a write out under this writer's marker.

        Raises UpstreamUnreachable where nothing left, OutcomeUnknown where no answer came.
        """
        start = time.perf_counter()
        touched = tags.of_change(change)
        writer = await self._begin(touched)
        status = 0
        try:
            answer = await self._write(change, touched, writer, call)
            status = answer.status
            return answer
        finally:
            seconds = time.perf_counter() - start
            fenced = writer is not None
            self._emit(ChangeMade(change.name, change.operation, status, seconds, fenced))

    async def touch(self, touched: Sequence[str]) -> None:
        """Declare that something changed under these tags; raises CacheUnavailable."""
        await self._cache.shared.touch(touched)

    async def _may_cache(self, read: Read, scope: Scope, policy: TablePolicy) -> bool:
        allowed = self._policies.cache_enabled and policy.enabled and policy.ttl > 0
        return allowed and scope.cacheable and not read.embeds and await self._settled()

    async def _write(
        self, change: Change, touched: Sequence[str], writer: str | None, call: Call
    ) -> Answer:
        try:
            async with asyncio.timeout(WRITE_DEADLINE):
                answer = await self._measured(change.name, change.operation, call)()
        except UpstreamUnreachable:
            await self._end(touched, writer)
            raise
        except (UpstreamError, TimeoutError) as error:
            # The marker stays until it expires: the write may still take effect.
            raise OutcomeUnknown(
                "Supabase did not answer; the write may or may not have taken effect"
            ) from error
        if answer.status < 500:
            await self._end(touched, writer)
        return answer

    async def _begin(self, touched: Sequence[str]) -> str | None:
        writer = secrets.token_hex(8)
        try:
            await self._cache.shared.begin(writer, touched, MARKER_LIFE)
        except CacheUnavailable:
            self._emit(CacheFault("begin"))
            return None
        return writer

    async def _end(self, touched: Sequence[str], writer: str | None) -> None:
        try:
            await self._cache.shared.end(writer or "", touched)
        except CacheUnavailable:
            self._emit(CacheFault("end"))
            self._owed.update(touched)

    async def _settled(self) -> bool:
        """Touch what is owed since Valkey was away; until that is done nothing is served."""
        if not self._owed:
            return True
        try:
            await self._cache.shared.touch(sorted(self._owed))
        except CacheUnavailable:
            self._emit(CacheFault("touch"))
            return False
        self._owed.clear()
        return True

    def _measured(self, relation: str, operation: Operation, call: Call) -> Fetch:
        """Wrap a call so that each one that leaves is counted, whatever becomes of it."""

        async def fetch() -> Answer:
            start = time.perf_counter()
            status = received = 0
            try:
                answer = await call.send()
                status, received = answer.status, len(answer.body)
                return answer
            finally:
                seconds = time.perf_counter() - start
                sent = call.sent_bytes
                self._emit(UpstreamCall(relation, operation, status, seconds, sent, received))

        return fetch


async def _bypass(fetch: Fetch) -> Served:
    answer = await fetch()
    outcome = ReadOutcome.ERROR if answer.status >= 400 else ReadOutcome.BYPASS
    return Served(answer, outcome, Tier.UPSTREAM, MissReason.BYPASSED)


def _cache_read(read: Read, served: Served, seconds: float) -> CacheRead:
    size = len(served.answer.body)
    return CacheRead(read.name, served.outcome, served.tier, served.reason, seconds, size)
