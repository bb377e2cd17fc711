"""Reads and calls as the facts by which they are counted."""

import time

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


class Measured:
    """A call that is counted, whatever becomes of it: as sent, or as not sent."""

    def __init__(
        self, emit: Emit, relation: str, operation: Operation, call: Call, *, added: bool = False
    ) -> None:
        """`added` where no caller asked for it; so is what is fetched behind a reader."""
        self._added = added
        self._emit = emit
        self._named = relation, operation
        self._call = call
        self._began = False

    async def __call__(self) -> Answer:
        """Ask Supabase; raises what the call raises."""
        self._began, start = True, time.perf_counter()
        status, received, kept_back = 0, 0, ""
        try:
            answer = await self._call.send()
            status, received = answer.status, len(answer.body)
        except CanvaloError as error:
            kept_back = error.kept_back
            raise
        else:
            return answer
        finally:
            seconds, added = time.perf_counter() - start, self._added or BEHIND.get()
            sizes = self._call.sent_bytes, received
            if not kept_back:
                self._emit(UpstreamCall(*self._named, status, seconds, *sizes, added))
            elif not added:  # nobody had asked for what the engine adds, and nothing left
                self._emit(CallUnsent(*self._named, kept_back))

    def shared(self, error: CanvaloError) -> None:
        """Count a read that shared another's call, of which nothing left: that saved none."""
        if error.kept_back and not self._began:
            self._emit(CallUnsent(*self._named, error.kept_back))
