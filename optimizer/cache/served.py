"""What a read is answered with, and under which terms it may be kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from optimizer.cache.entry import Entry
from optimizer.domain.answer import Answer
from optimizer.domain.facts import MissReason, ReadOutcome, Tier
from optimizer.domain.freshness import Mark
from optimizer.domain.grain.asked import Asked

_ROWS = frozenset({200, 206})
_NO_SUCH_ROW = 406  # a single object was asked for, and PostgREST found none


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
    must be seen; for how many seconds beyond the TTL an answer helps out while Supabase fails, and
    while it is fetched anew; the TTL of "no such row"; whether it is fetched anew before its end.
    """

    tags: tuple[str, ...]
    ttl: float
    max_entries: int
    strict: bool = False
    after: Mark | None = None
    stale_if_error: float = 0.0
    stale_while_revalidate: float = 0.0
    negative_ttl: float = 0.0
    refresh_ahead: bool = False
    short: tuple[str, ...] = ()  # tags that an answer with fewer than `rows` rows holds as well
    rows: int = 0
    asked: Asked | None = None  # filters; where writers cannot know them, `short` is held as well

    @property
    def widest(self) -> tuple[str, ...]:
        """Every tag that an answer may hold."""
        return (*self.tags, *self.short) if self.short else self.tags

    def is_short(self, answer: Answer) -> bool:
        """Whether rows were asked for that are not there, and may come."""
        return bool(self.short) and self.asked is None and not self._shows_all(answer)

    def _shows_all(self, answer: Answer) -> bool:
        shown = answer.rows_shown
        return shown is not None and shown >= self.rows

    def ttl_of(self, answer: Answer) -> float:
        """For how many seconds this answer is served."""
        return self.negative_ttl if answer.status == _NO_SUCH_ROW else self.ttl

    def left(self, entry: Entry, now: float) -> float:
        """For how many seconds more an entry is within its TTL; negative beyond it."""
        return self.ttl_of(entry.answer) - entry.age(now)

    def may_store(self, answer: Answer) -> bool:
        """Rows, and where that is wanted, that there is no such row; never an error."""
        if answer.status == _NO_SUCH_ROW:
            return self.negative_ttl > 0 and b"PGRST116" in answer.body
        return answer.status in _ROWS

    def kept_for(self, answer: Answer) -> float:
        """For how many seconds it is of any use."""
        beyond = max(self.stale_if_error, self.stale_while_revalidate)
        return self.ttl_of(answer) + beyond


def served(entry: Entry, terms: Terms, tier: Tier, now: float) -> Served | None:
    """An answer out of a tier; marked as stale beyond its TTL, None where it is too old."""
    age, left = entry.age(now), terms.left(entry, now)
    if left > 0:
        return Served(entry.answer, ReadOutcome.HIT, tier, age=age, ttl_left=left)
    if left + terms.stale_while_revalidate > 0:
        return Served(entry.answer, ReadOutcome.STALE, tier, age=age)
    return None


def while_failing(entry: Entry, terms: Terms, now: float) -> Served | None:
    """An old answer while Supabase fails, where it is not too old to help out."""
    if terms.left(entry, now) + terms.stale_if_error <= 0:
        return None
    return Served(entry.answer, ReadOutcome.STALE, Tier.L2, age=entry.age(now))


async def without_cache(fetch: Callable[[], Awaitable[Answer]]) -> Served:
    """Ask Supabase, whatever the tiers hold."""
    answer = await fetch()
    outcome = ReadOutcome.ERROR if answer.status >= 400 else ReadOutcome.BYPASS
    return Served(answer, outcome, Tier.UPSTREAM, MissReason.BYPASSED)
