"""The one flow: every read and every change of every door passes through here."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from optimizer import inside, session
from optimizer.cache.clocks import boottime
from optimizer.cache.fence import Write as Fenced
from optimizer.cache.fetching import Fetch
from optimizer.cache.served import Served, without_cache
from optimizer.cache.tiered import TieredCache
from optimizer.counting import Measured, cache_read, failed_read
from optimizer.domain import causal, tags
from optimizer.domain.answer import Answer, Call
from optimizer.domain.causal import Demand
from optimizer.domain.facts import (
    ChangeMade,
    Emit,
    MissReason,
    Operation,
    ReadOutcome,
    Tier,
    Touched,
)
from optimizer.domain.freshness import Mark
from optimizer.domain.grain.events import Event, fine_of, of_events
from optimizer.domain.grain.requests import Write
from optimizer.domain.grain.schema import Schema
from optimizer.domain.grain.writing import by_filters, outcome, widest
from optimizer.domain.hits import HitCounts
from optimizer.domain.query import Change, Read
from optimizer.domain.scope import Scope
from optimizer.domain.ttl import Policies
from optimizer.doubting import Doubts
from optimizer.errors import (
    CacheUnavailable,
    OutcomeUnknown,
    PoolError,
    UpstreamError,
    UpstreamUnreachable,
)
from optimizer.planning import Plan, Plans

_NOTHING_KNOWN = Schema()


@dataclass(frozen=True, slots=True)
class Changed:
    """Supabase's answer to a write, and the token by which the write can be asked for."""

    answer: Answer
    token: str


class Engine:
    """Answers reads from the cache where that is allowed, and fences changes."""

    def __init__(
        self,
        cache: TieredCache,
        policies: Policies,
        emit: Emit,
        schema: Callable[[], Schema] = lambda: _NOTHING_KNOWN,
        want_schema: Callable[[], None] = lambda: None,
    ) -> None:
        """`schema` gives what is known of the database now: the same object until that changes.

        `want_schema` is told when a question needs more of it.
        """
        self._cache = cache
        self._schema = schema
        self._policies = policies
        self._emit = emit
        self._fence = cache.fence
        self._plans = Plans(policies, schema, want_schema)
        self._doubts = Doubts(cache.shared.history.doubt)
        self.hits = HitCounts(emit)

    async def read(
        self, read: Read, scope: Scope, call: Call, demand: Demand | None = None
    ) -> Served:
        """Answer a read for this caller; `call` asks Supabase. Raises what `call` raises.

        `demand` says which write must be seen; without one, what the session has shown holds.
        """
        start = time.perf_counter_ns()
        plan = self._plans.of(read, scope)
        fetch = Measured(self._emit, read.name, Operation.READ, call)
        try:
            served = await self._answer(plan, fetch, demand or session.demand())
        except (UpstreamError, PoolError) as error:
            self._emit(failed_read(plan.name, (time.perf_counter_ns() - start) / 1e9))
            fetch.shared(error)
            raise
        self._count(plan, served, time.perf_counter_ns() - start)
        return served

    async def change(self, write: Write, call: Call) -> Changed:
        """Carry a write out under this writer's marker.

        Raises UpstreamUnreachable where nothing left, OutcomeUnknown where no answer came, and
        FenceUnavailable where a strict table's write cannot be announced.
        """
        start, change, schema = time.perf_counter(), write.change, self._schema()
        touched = sorted(widest(write, schema))
        fenced = await self._fence.begin(touched, must=self._must_fence(change, touched))
        status = 0
        try:
            answer, ended = await self._write(write, fenced, call, schema)
            status = answer.status
        finally:
            seconds = time.perf_counter() - start
            self._emit(ChangeMade(change.name, change.operation, status, seconds, fenced.fenced))
        session.wrote(token := causal.token(ended))
        return Changed(answer, token)

    @property
    def schema(self) -> Schema:
        """What is known of the database now."""
        return self._schema()

    async def take(self, events: Sequence[Event], by: str) -> None:
        """Take changes that have happened past the engine; raises CacheUnavailable.

        The filters are asked for after that, so what is kept by others has seen the changes.
        """
        schema, asked = self._schema(), self._cache.shared.history.asked
        texts = {name: await asked(name) for name in sorted(fine_of(events, schema))}
        await self.touch(sorted(of_events(events, schema, texts)), by)

    async def touch(self, touched: Sequence[str], by: str = "") -> None:
        """Declare that something changed under these tags; raises CacheUnavailable."""
        await self._cache.shared.history.touch(touched)
        self._emit(Touched(tuple(touched), by))

    async def settle(self) -> bool:
        """Touch what is owed since Valkey was away; until that is done nothing is served."""
        return await self._fence.settle()

    async def _answer(self, plan: Plan, fetch: Fetch, demand: Demand) -> Served:
        if (function := inside.current()) is not None:
            return await _for_function(function, fetch)
        if plan.terms is None or demand.bypass or not self._policies.cache_enabled:
            return await without_cache(fetch)
        terms = plan.terms if demand.after is None else replace(plan.terms, after=demand.after)
        return await self._cache.read(plan.key, terms, fetch)

    def _count(self, plan: Plan, served: Served, taken: int) -> None:
        """Count a read that took so many ns; hits in this process's own tier are added up."""
        near = served.tier is Tier.L1 and served.outcome is ReadOutcome.HIT
        if near and not self._policies.access_log:
            self.hits.add(plan.name, self._cache.clock(), taken, len(served.answer.body), 1)
        else:
            self._emit(cache_read(plan.name, served, taken / 1e9))

    def _must_fence(self, change: Change, touched: Sequence[str]) -> bool:
        """Whether a strict table's rows may change; a wide change may reach any."""
        if tags.EVERYTHING in touched:
            return self._policies.any_strict
        names = {change.name, *filter(None, map(tags.relation_of, touched))}
        return any(self._policies.policy(name).strict for name in names)

    async def _write(
        self, write: Write, fenced: Fenced, call: Call, schema: Schema
    ) -> tuple[Answer, Mark | None]:
        """Send it while its marker stands; the answer, and where the write ended."""
        timely = replace(call, send=lambda: _in_time(fenced, call.send))
        send = Measured(self._emit, write.change.name, write.change.operation, timely)
        try:
            answer = await send()
            return answer, await self._ended(write, fenced, answer, schema)
        except (UpstreamUnreachable, PoolError):
            await self._fence.end(fenced, ())
            raise
        except (UpstreamError, TimeoutError) as error:
            self._fence.abandon(fenced)
            raise OutcomeUnknown(
                "Supabase did not answer; the write may or may not have taken effect"
            ) from error
        except asyncio.CancelledError:
            self._fence.abandon(fenced)
            raise

    async def _ended(
        self, write: Write, fenced: Fenced, answer: Answer, schema: Schema
    ) -> Mark | None:
        """What a server's fault leaves behind is not known, so its marker stays."""
        if answer.settled and (answer.status < 500 or answer.never_began):
            texts = await self._asked(write, schema)
            found = outcome(write, schema, answer, texts)
            await self._doubts.tell(write.change.name, found.doubted)
            return await self._fence.end(fenced, sorted(found.touched))
        self._fence.abandon(fenced)
        return None

    async def _asked(self, write: Write, schema: Schema) -> tuple[str, ...] | None:
        """The filters that the rows in a write's answer may fail; None where they are not known.

        Its marker stands: nobody can keep anything by a filter that comes after this look.
        """
        if not by_filters(write, schema):
            return None
        try:
            return await self._cache.shared.history.asked(write.change.name)
        except CacheUnavailable:
            return None


async def _in_time(write: Fenced, send: Fetch) -> Answer:
    """Send a write while its marker will outlive it, and wait for its answer no longer."""
    left = write.deadline - boottime()
    if left <= 0:
        raise UpstreamUnreachable("the write was held up for too long and was not sent")
    async with asyncio.timeout(left):
        return await send()


async def _for_function(function: inside.Inside, fetch: Fetch) -> Served:
    """A cached function asks: its value is what is kept, so this is the miss of that value."""
    function.reads += 1
    served = await without_cache(fetch)
    if served.outcome is ReadOutcome.ERROR:
        return served
    return Served(served.answer, ReadOutcome.MISS, Tier.UPSTREAM, MissReason.COLD)
