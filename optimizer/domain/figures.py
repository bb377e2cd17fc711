"""The figures that charts, exports and prices are made of, and how they add up.

Everything is an integer, bytes are wire bytes, times nanoseconds; merging is associative.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Self

from optimizer.domain.facts import Operation, ReadOutcome
from optimizer.domain.tally import ADDED, NANOSECONDS, Key, Step, Tally, quantile_of

ALL = ""  # the relation that stands for all of them
_COLUMNS = {
    ReadOutcome.HIT: "hits",
    ReadOutcome.STALE: "stale",
    ReadOutcome.COALESCED: "coalesced",
    ReadOutcome.MISS: "misses",
    ReadOutcome.BYPASS: "bypassed",
    ReadOutcome.ERROR: "errors",
}
_CACHED = (ReadOutcome.HIT, ReadOutcome.STALE)
_SPARED = (*_CACHED, ReadOutcome.COALESCED)
_FETCHED = (ReadOutcome.MISS, ReadOutcome.BYPASS)
_SHOWN = (Step.ASKED, Step.SENT, Step.UNSENT, Step.FAULT)


@dataclass(slots=True)
class Figures:
    """What happened in some stretch of time to one relation, or to all."""

    asked: int = 0  # reads and writes that callers asked
    hits: int = 0
    stale: int = 0
    coalesced: int = 0
    misses: int = 0
    bypassed: int = 0
    errors: int = 0  # reads that Supabase refused or failed
    writes: int = 0
    sent: int = 0  # calls that left for Supabase, those that the engine added included
    received: int = 0  # bytes
    uploaded: int = 0  # bytes
    spared: int = 0  # bytes that the answers without a call of their own would have cost
    added: int = 0  # calls that nobody asked for: warming, refresh, probes
    added_bytes: int = 0  # received by these
    faults: int = 0
    unsent: int = 0  # requests that were to go out and did not: neither calls nor a saving
    cached_ns: int = 0
    fetched_ns: int = 0
    cached: dict[int, int] = field(default_factory=dict)  # times of hits: bucket → count
    fetched: dict[int, int] = field(default_factory=dict)  # times of misses and bypasses

    def merge(self, other: "Figures") -> Self:
        """Add other figures to these."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        _add(self.cached, other.cached)
        _add(self.fetched, other.fetched)
        return self

    def count(self, key: Key, tally: Tally) -> None:
        """Add one key's tally."""
        if key.step == Step.ASKED:
            self.asked += tally.count
            if key.operation == Operation.READ:
                self._count_read(ReadOutcome(key.outcome), tally)
            else:
                self.writes += tally.count
        elif key.step == Step.SENT:
            self._count_sent(key, tally)
        elif key.step == Step.UNSENT:
            self.unsent += tally.count
        elif key.step == Step.FAULT:
            self.faults += tally.count

    def _count_read(self, outcome: ReadOutcome, tally: Tally) -> None:
        column = _COLUMNS[outcome]
        setattr(self, column, getattr(self, column) + tally.count)
        if outcome in _SPARED:
            self.spared += tally.received
        if outcome in _CACHED:
            self.cached_ns += tally.nanoseconds
            _add(self.cached, tally.buckets)
        elif outcome in _FETCHED:
            self.fetched_ns += tally.nanoseconds
            _add(self.fetched, tally.buckets)

    def _count_sent(self, key: Key, tally: Tally) -> None:
        self.sent += tally.count
        self.received += tally.received
        self.uploaded += tally.sent
        if key.reason == ADDED:
            self.added += tally.count
            self.added_bytes += tally.received

    @property
    def avoided(self) -> int:
        """Calls that Supabase was spared, less those that the engine added."""
        return self.asked - self.sent - self.unsent

    @property
    def avoided_bytes(self) -> int:
        """Bytes that Supabase did not send, less those of the calls that the engine added."""
        return self.spared - self.added_bytes

    @property
    def hit_rate(self) -> float | None:
        """Hits, stale ones included, among hits and misses; None where there was neither."""
        found = self.hits + self.stale
        return found / (found + self.misses) if found + self.misses else None

    @property
    def seconds_cached(self) -> float | None:
        """How long a caller waited, on average, for an answer from the cache."""
        found = self.hits + self.stale
        return self.cached_ns / NANOSECONDS / found if found else None

    @property
    def seconds_fetched(self) -> float | None:
        """How long a caller waited, on average, for an answer by Supabase."""
        found = self.misses + self.bypassed
        return self.fetched_ns / NANOSECONDS / found if found else None

    def cached_within(self, share: float) -> float | None:
        """The seconds that this share of the hits did not exceed, within 5 %."""
        return quantile_of(self.cached, share)

    def fetched_within(self, share: float) -> float | None:
        """The seconds that this share of the misses and bypasses did not exceed, within 5 %."""
        return quantile_of(self.fetched, share)


NUMBERS = tuple(f.name for f in fields(Figures) if f.name not in ("cached", "fetched"))


def by_relation(tallies: Mapping[Key, Tally]) -> dict[str, Figures]:
    """The figures of each relation, and of all together under ALL; none where nothing counted."""
    found: dict[str, Figures] = {}
    for key, tally in tallies.items():
        for relation in {ALL, key.relation} if key.step in _SHOWN else ():
            found.setdefault(relation, Figures()).count(key, tally)
    return found


def summed(many: Iterable[Figures]) -> Figures:
    """The sum of many, in fresh figures."""
    total = Figures()
    for one in many:
        total.merge(one)
    return total


def _add(into: dict[int, int], other: Mapping[int, int]) -> None:
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count
