"""Counting hits where each microsecond counts: added up by relation, handed over as one fact.

A hit in a process's own tier takes a few microseconds in all, and making one fact for each would
double that. They are added up until the minute ends or somebody takes them.
"""

from optimizer.domain.facts import Emit, HitsCounted
from optimizer.domain.tally import Tally, bucket_of

_STEP = 5  # bits: the table below tells apart times of 32 ns
_QUICK = 1 << 17  # ns; what takes longer is looked up by its logarithm
_BUCKETS = [bucket_of((step << _STEP) / 1e9 + 1.6e-8) for step in range(_QUICK >> _STEP)]
_MINUTE = 60

Name = tuple[str, str]


class HitCounts:
    """The hits of one event loop since they were last taken."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._minute = 0

    def add(self, name: Name, now: float, taken: int, size: int, reads: int) -> None:
        """Count a hit: when (epoch seconds), how long it took (ns), bytes, reads avoided.

        `name` are the relation and the shape of the question, nothing where it has none.

        A hit that stands for several reads counts as so many, each with its part of the time.
        """
        if now >= self._minute + _MINUTE:
            self.hand_over()
            self._minute = int(now) // _MINUTE * _MINUTE
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = Tally()
        part = taken // reads
        bucket = _BUCKETS[part >> _STEP] if part < _QUICK else bucket_of(part / 1e9)
        tally.count += reads
        tally.nanoseconds += taken
        tally.received += size * reads
        tally.buckets[bucket] = tally.buckets.get(bucket, 0) + reads

    def hand_over(self) -> None:
        """Emit what was counted since the last time."""
        tallies, self._tallies = self._tallies, {}
        for (relation, shape), tally in tallies.items():
            self._emit(HitsCounted(relation, self._minute, tally, shape))
        self._minute = 0  # found anew: a clock that was ahead and is set right leads nobody astray
