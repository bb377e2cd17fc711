"""The one flow: every read and every change of every door passes through here."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from optimizer import inside
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
    Touched,
    UpstreamCall,
)
from optimizer.domain.query import Change, Read
from optimizer.domain.scope import Scope
from optimizer.domain.ttl import Policies, TablePolicy
from optimizer.errors import (
    CacheUnavailable,
    OutcomeUnknown,
    UpstreamError,
    UpstreamUnreachable,
)

MARKER_LIFE = 60.0  # s; longer than any statement that the upstream may still commit
WRITE_DEADLINE = 30.0  # s for the whole write, so that a marker always outlives it


@dataclass(frozen=True, slots=True)
class _Write:
    """One write under way: who writes, what it touches, and by when (loop time) it must end."""

    change: Change
    writer: str
    tags: Sequence[str]
    deadline: float


class Engine:
    """Answers reads from the cache where that is allowed, and fences changes."""

    def __init__(self, cache: TieredCache, policies: Policies, emit: Emit) -> None:
        self._cache = cache
        self._policies = policies
        self._emit = emit
        self._owed: dict[str, str] = {}  # tags still to be touched, each with its latest writer

    async def read(self, read: Read, scope: Scope, call: Call) -> Served:
        """Answer a read for this caller; `call` asks Supabase. Raises what `call` raises."""
        start = time.perf_counter()
        fetch = self._measured(read.name, Operation.READ, call)
        try:
            served = await self._answer(read, scope, fetch)
        except UpstreamError:
            self._emit(_failed_read(read, time.perf_counter() - start))
            raise
        self._emit(_cache_read(read, served, time.perf_counter() - start))
        return served

    async def change(self, change: Change, call: Call) -> Answer:
        """Carry a write out under this writer's marker.

        Raises UpstreamUnreachable where nothing left, OutcomeUnknown where no answer came.
        """
        start, deadline = time.perf_counter(), asyncio.get_running_loop().time() + WRITE_DEADLINE
        write = _Write(change, secrets.token_hex(8), tags.of_change(change), deadline)
        fenced = await self._begin(write)
        status = 0
        try:
            answer = await self._write(write, call)
            status = answer.status
            return answer
        finally:
            if not fenced:
                self._owe(write)  # whatever became of it: no marker speaks for it
            seconds = time.perf_counter() - start
            self._emit(ChangeMade(change.name, change.operation, status, seconds, fenced))

    async def touch(self, touched: Sequence[str], by: str = "") -> None:
        """Declare that something changed under these tags; raises CacheUnavailable."""
        await self._cache.shared.touch(touched)
        self._emit(Touched(tuple(touched), by))

    async def settle(self) -> bool:
        """Touch what is owed since Valkey was away; until that is done nothing is served."""
        owed = dict(self._owed)
        if not owed:
            return True
        try:
            await self._cache.shared.touch(sorted(owed))
        except CacheUnavailable:
            self._emit(CacheFault("touch"))
            return False
        # What another write came to owe meanwhile stays owed.
        self._owed = {tag: by for tag, by in self._owed.items() if owed.get(tag) != by}
        return not self._owed

    async def _answer(self, read: Read, scope: Scope, fetch: Fetch) -> Served:
        if (function := inside.current()) is not None:
            return await _for_function(function, fetch)
        policy = self._policies.policy(read.name)
        if not await self._may_cache(read, scope, policy):
            return await _bypass(fetch)
        depends_on = tags.of_read(read, policy.sources)
        terms = Terms(depends_on, policy.ttl, self._policies.cache_max_size)
        return await self._cache.read(read.key(scope), terms, fetch)

    async def _may_cache(self, read: Read, scope: Scope, policy: TablePolicy) -> bool:
        allowed = self._policies.cache_enabled and policy.enabled and policy.ttl > 0
        return allowed and scope.cacheable and not read.embeds and await self.settle()

    async def _write(self, write: _Write, call: Call) -> Answer:
        send = self._measured(write.change.name, write.change.operation, call)
        if asyncio.get_running_loop().time() >= write.deadline:
            await self._end(write)
            raise UpstreamUnreachable("the write was held up for too long and was not sent")
        try:
            async with asyncio.timeout_at(write.deadline):
                answer = await send()
        except UpstreamUnreachable:
            await self._end(write)
            raise
        except (UpstreamError, TimeoutError) as error:
            # The marker stays until it expires: the write may still take effect.
            raise OutcomeUnknown(
                "Supabase did not answer; the write may or may not have taken effect"
            ) from error
        if answer.status < 500:
            await self._end(write)
        return answer

    async def _begin(self, write: _Write) -> bool:
        try:
            await self._cache.shared.begin(write.writer, write.tags, MARKER_LIFE)
        except CacheUnavailable:
            self._emit(CacheFault("begin"))
            return False
        return True

    async def _end(self, write: _Write) -> None:
        try:
            await self._cache.shared.end(write.writer, write.tags)
        except CacheUnavailable:
            self._emit(CacheFault("end"))
            self._owe(write)

    def _owe(self, write: _Write) -> None:
        self._owed.update(dict.fromkeys(write.tags, write.writer))

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


async def _for_function(function: inside.Inside, fetch: Fetch) -> Served:
    """A cached function asks: its value is what is kept, so this is the miss of that value."""
    function.reads += 1
    served = await _bypass(fetch)
    if served.outcome is ReadOutcome.ERROR:
        return served
    return Served(served.answer, ReadOutcome.MISS, Tier.UPSTREAM, MissReason.COLD)


def _cache_read(read: Read, served: Served, seconds: float) -> CacheRead:
    size = len(served.answer.body)
    return CacheRead(
        read.name, served.outcome, served.tier, served.reason, seconds, size, served.ttl_left
    )


def _failed_read(read: Read, seconds: float) -> CacheRead:
    tier, reason = Tier.UPSTREAM, MissReason.BYPASSED
    return CacheRead(read.name, ReadOutcome.ERROR, tier, reason, seconds, 0)
