"""Reads and calls as the facts by which they are counted."""

import time

from optimizer.cache.fetching import Fetch
from optimizer.cache.refreshing import BEHIND
from optimizer.cache.served import Served
from optimizer.domain.answer import Answer, Call
from optimizer.domain.facts import (
    CacheRead,
    CallUnsent,
    Emit,
    MissReason,
    Operation,
    ReadOutcome,
    Tier,
    UpstreamCall,
)
from optimizer.errors import CanvaloError


def cache_read(name: tuple[str, str], served: Served, seconds: float) -> CacheRead:
    """A read that was answered; `name` are the relation and the shape of the question."""
    relation, shape = name
    size, left = len(served.answer.body), served.ttl_left
    return CacheRead(
        relation, served.outcome, served.tier, served.reason, seconds, size, left, shape
    )


def failed_read(name: tuple[str, str], seconds: float) -> CacheRead:
    """A read without an answer."""
    tier, reason = Tier.UPSTREAM, MissReason.BYPASSED
    return CacheRead(name[0], ReadOutcome.ERROR, tier, reason, seconds, 0, shape=name[1])


def measured(emit: Emit, relation: str, operation: Operation, call: Call) -> Fetch:
    """Wrap a call so that it is counted, whatever becomes of it: as sent, or as not sent."""

    async def fetch() -> Answer:
        start = time.perf_counter()
        status, received, kept_back = 0, 0, ""
        try:
            answer = await call.send()
            status, received = answer.status, len(answer.body)
        except CanvaloError as error:
            kept_back = error.kept_back
            raise
        else:
            return answer
        finally:
            seconds, added = time.perf_counter() - start, BEHIND.get()
            sizes = call.sent_bytes, received
            if not kept_back:
                emit(UpstreamCall(relation, operation, status, seconds, *sizes, added))
            elif not added:  # nobody had asked for what the engine adds, and nothing left
                emit(CallUnsent(relation, operation, kept_back))

    return fetch
