"""What a read is answered with, and under which terms it may be kept."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from optimizer.cache.entry import Entry
from optimizer.domain.answer import Answer
from optimizer.domain.facts import MissReason, ReadOutcome, Tier
from optimizer.domain.freshness import Mark
from optimizer.domain.ttl import is_fresh

STORABLE = frozenset({200, 206})


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and where it came from; `age` and `ttl_left` are seconds since and to come."""

    answer: Answer
    outcome: ReadOutcome
    tier: Tier
    reason: MissReason | None = None
    age: float = 0.0
    ttl_left: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a read may be kept and served.

    Its tags, its TTL in seconds, the tier's bound; whether L1 must be asked about, the write that
    must be seen, and for how many seconds beyond the TTL an answer helps out while Supabase fails.
    """

    tags: Sequence[str]
    ttl: float
    max_entries: int
    strict: bool = False
    after: Mark | None = None
    stale_if_error: float = 0.0


def served(entry: Entry, terms: Terms, tier: Tier, now: float) -> Served:
    """An answer out of a tier."""
    age = max(0.0, now - entry.filled_at)
    return Served(entry.answer, ReadOutcome.HIT, tier, age=age, ttl_left=terms.ttl - age)


def may_be_stale(entry: Entry, terms: Terms, now: float) -> bool:
    """Whether an entry is not too old to help out while Supabase fails."""
    return is_fresh(entry.filled_at, terms.ttl + terms.stale_if_error, now)


async def without_cache(fetch: Callable[[], Awaitable[Answer]]) -> Served:
    """Ask Supabase, whatever the tiers hold."""
    answer = await fetch()
    outcome = ReadOutcome.ERROR if answer.status >= 400 else ReadOutcome.BYPASS
    return Served(answer, outcome, Tier.UPSTREAM, MissReason.BYPASSED)
