"""Sums that can be added up in any order: counters and a histogram with logarithmic buckets.

Everything is an integer, times in nanoseconds, so that adding is exactly associative and
commutative: the totals are the same however processes, flushes and minutes are grouped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log
from typing import NamedTuple, Self

NANOSECONDS = 1_000_000_000
GROWTH = 1.1  # of one bucket to the next: a quantile is at most 4.8 % off
SMALLEST = 1e-6  # seconds; anything faster is in bucket 0
LAST_BUCKET = 240  # holds everything slower than about two hours
LONGEST = 1e6  # seconds; a longer time is a broken clock and is cut
OTHER = "__other__"  # stands for the relations beyond the cap
ADDED = "added"  # the reason of a call that the engine made for itself: nobody had asked
REPEATED = "repeated"  # the outcome of each further attempt that left; its relation is not known

_PER_BUCKET = 1 / log(GROWTH)
_OFFSET = -log(SMALLEST) * _PER_BUCKET


class Step(StrEnum):
    """Which step of the flow was counted."""

    ASKED = "asked"  # a caller asked the engine, and was answered
    SENT = "sent"  # a request left for Supabase
    LENT = "lent"  # the pool lent a connection
    BATCHED = "batched"  # a batch was carried out
    FAULT = "fault"  # the engine did its work without something
    TOUCHED = "touched"  # somebody declared by hand that what is kept is outdated
    UNDONE = "undone"  # a row of a batch was not done; the outcome is its status
    UNSENT = "unsent"  # a caller's request of which nothing left: refused here, or no way out


class Key(NamedTuple):
    """What is told apart within a minute; "" where a part does not apply."""

    step: str
    relation: str
    operation: str
    outcome: str
    reason: str = ""  # of a read: why it was not answered from the cache; of a call: ADDED
    tier: str = ""  # of a read: which tier answered


@dataclass(slots=True)
class Tally:
    """What happened under one key."""

    count: int = 0
    nanoseconds: int = 0
    received: int = 0  # bytes on the wire
    sent: int = 0
    rows: int = 0
    failed: int = 0
    calls: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: float, received: int = 0, sent: int = 0) -> None:
        """Count one event; a negative, endless or undefined time counts as what can be meant."""
        seconds = min(seconds, LONGEST) if seconds > 0 else 0.0
        self.count += 1
        self.nanoseconds += int(seconds * NANOSECONDS)
        self.received += received
        self.sent += sent
        bucket = bucket_of(seconds)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def merge(self, other: "Tally") -> Self:
        """Add another tally to this one."""
        self.count += other.count  # spelt out: a page of a long range adds ten thousands
        self.nanoseconds += other.nanoseconds
        self.received += other.received
        self.sent += other.sent
        self.rows += other.rows
        self.failed += other.failed
        self.calls += other.calls
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        return self

    @property
    def seconds(self) -> float:
        """All the time together."""
        return self.nanoseconds / NANOSECONDS

    @property
    def mean_seconds(self) -> float | None:
        """The average time, unknown where nothing was counted."""
        return self.seconds / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The time in seconds that `share` of the events did not exceed, within 5 %."""
        return quantile_of(self.buckets, share)


COUNTERS = ("count", "nanoseconds", "received", "sent", "rows", "failed", "calls")


def bucket_of(seconds: float) -> int:
    """The bucket that holds a time."""
    if seconds <= SMALLEST:
        return 0
    return min(int(log(seconds) * _PER_BUCKET + _OFFSET) + 1, LAST_BUCKET)


def end_of(bucket: int) -> float:
    """The longest time in seconds that a bucket holds."""
    return SMALLEST * exp(bucket / _PER_BUCKET)


def middle_of(bucket: int) -> float:
    """The time that stands for a bucket: equally far, in proportion, from both its ends."""
    if bucket == 0:
        return SMALLEST
    return end_of(bucket) * 2 / (GROWTH + 1)


def quantile_of(buckets: Mapping[int, int], share: float) -> float | None:
    """The time in seconds that `share` of what is in the buckets did not exceed; None if empty."""
    left = share * sum(buckets.values())
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 0:
            return middle_of(bucket)
    return None


def packed(buckets: Mapping[int, int]) -> str:
    """Buckets in a fifth of the space that JSON takes: "73:5,74:2"."""
    return ",".join(f"{bucket}:{count}" for bucket, count in sorted(buckets.items()))


def unpacked(text: str) -> dict[int, int]:
    """The inverse of `packed`."""
    numbers = [*map(int, text.replace(":", ",").split(","))] if text else []
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def merged(tallies: Iterable[Tally]) -> Tally:
    """The sum of many, in a fresh tally."""
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total
