"""Query shapes and samples of one interval: what is noted beside the exact counts.

Bounded: so many shapes an interval, the rest together; the slowest read and the latest miss as
samples. Shapes and samples hold no value of any question (`optimizer.domain.shapes`).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from optimizer.domain.facts import CacheRead, HitsCounted, ReadOutcome
from optimizer.domain.tally import NANOSECONDS, OTHER

MAX_SHAPES = 300  # told apart in one interval of one process
_LOOKED_UP = (ReadOutcome.MISS, ReadOutcome.BYPASS)


@dataclass(slots=True)
class ShapeCount:
    """What happened to one shape."""

    count: int = 0
    misses: int = 0  # of these, answered by Supabase
    nanoseconds: int = 0
    received: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # why the cache did not answer

    def add(self, fact: CacheRead) -> None:
        """Count one read."""
        self.count += 1
        if fact.reason is not None:
            self.reasons[fact.reason] = self.reasons.get(fact.reason, 0) + 1
        self.misses += fact.outcome in _LOOKED_UP
        self.nanoseconds += int(max(0.0, fact.seconds) * NANOSECONDS)
        self.received += fact.body_bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """One read that says something; times in seconds."""

    kind: str  # "slow" or "miss"
    at: int  # seconds since the epoch
    relation: str
    shape: str
    outcome: str
    reason: str
    seconds: float
    received: int

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


@dataclass(slots=True)
class Noted:
    """What one process noted since its last delivery."""

    shapes: dict[tuple[str, str], ShapeCount] = field(default_factory=dict)
    slowest: Sample | None = None
    missed: Sample | None = None

    def add_hits(self, fact: HitsCounted) -> None:
        """Note hits that were added up elsewhere; none of them is a sample."""
        key = (fact.relation, fact.shape)
        found = self.shapes.get(key) or self._new(key)
        found.count += fact.tally.count
        found.nanoseconds += fact.tally.nanoseconds
        found.received += fact.tally.received

    def add(self, fact: CacheRead, at: int) -> None:
        """Note one read that has a shape."""
        found = self.shapes.get((fact.relation, fact.shape))
        (found or self._new((fact.relation, fact.shape))).add(fact)
        if self.slowest is None or fact.seconds > self.slowest.seconds:
            self.slowest = _sample("slow", fact, at)
        if fact.outcome is ReadOutcome.MISS:
            self.missed = _sample("miss", fact, at)

    def taken(self) -> "Noted | None":
        """This, or nothing where nothing was noted."""
        return self if self.shapes else None

    def _new(self, key: tuple[str, str]) -> ShapeCount:
        if len(self.shapes) >= MAX_SHAPES:
            key = (OTHER, OTHER)
        return self.shapes.setdefault(key, ShapeCount())

    def samples(self) -> list[Sample]:
        """The samples, at most two."""
        return [sample for sample in (self.slowest, self.missed) if sample is not None]


def _sample(kind: str, fact: CacheRead, at: int) -> Sample:
    return Sample(
        kind, at, fact.relation, fact.shape, fact.outcome, fact.reason or "", fact.seconds,
        fact.body_bytes,
    )  # fmt: skip
