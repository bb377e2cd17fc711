"""Reads as the facts by which they are counted."""

from optimizer.cache.served import Served
from optimizer.domain.facts import CacheRead, MissReason, ReadOutcome, Tier


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
