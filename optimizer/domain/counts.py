"""What the counted figures mean: the one place that says what a hit is and what was avoided."""

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.domain.facts import Operation, ReadOutcome
from optimizer.domain.tally import Key, Step, Tally, merged

HIT_OUTCOMES = (ReadOutcome.HIT, ReadOutcome.STALE)
SENT_OUTCOMES = (ReadOutcome.MISS, ReadOutcome.BYPASS)


@dataclass(frozen=True, slots=True)
class Counts:
    """Tallies of some stretch of time, and the figures that follow from them."""

    tallies: Mapping[Key, Tally]

    def of(self, step: Step, *outcomes: str) -> Tally:
        """The sum of a step, or of some of its outcomes."""
        return merged(
            tally
            for key, tally in self.tallies.items()
            if key.step == step and (not outcomes or key.outcome in outcomes)
        )

    def reads(self, *outcomes: ReadOutcome) -> Tally:
        """The sum of the reads with one of these outcomes."""
        return merged(
            tally
            for key, tally in self.tallies.items()
            if key.step == Step.ASKED
            and key.operation == Operation.READ
            and key.outcome in outcomes
        )

    def by_outcome(self, step: Step) -> dict[str, int]:
        """How often each outcome of a step occurred."""
        counts: dict[str, int] = {}
        for key, tally in sorted(self.tallies.items()):
            if key.step == step:
                counts[key.outcome] = counts.get(key.outcome, 0) + tally.count
        return counts

    def by_reason(self) -> dict[str, int]:
        """How many reads were sent on, by the reason why the cache did not answer them."""
        counts: dict[str, int] = {}
        for key, tally in sorted(self.tallies.items()):
            if key.step == Step.ASKED and key.reason:
                counts[key.reason] = counts.get(key.reason, 0) + tally.count
        return counts

    @property
    def asked(self) -> int:
        """Requests that callers asked of the engine, reads and writes."""
        return self.of(Step.ASKED).count

    @property
    def sent(self) -> int:
        """Requests that left for Supabase."""
        return self.of(Step.SENT).count

    @property
    def unsent(self) -> int:
        """Requests that were to go out and did not: neither calls nor a saving."""
        return self.of(Step.UNSENT).count

    @property
    def avoided(self) -> int:
        """Calls that Supabase was spared; below zero where the engine added some."""
        return self.asked - self.sent - self.unsent

    @property
    def avoided_share(self) -> float | None:
        """The avoided part of what was asked."""
        return self.avoided / self.asked if self.asked else None

    @property
    def hits(self) -> int:
        """Reads answered from a cache tier, stale ones included."""
        return self.reads(*HIT_OUTCOMES).count

    @property
    def misses(self) -> int:
        """Reads that could have been in the cache and were not."""
        return self.reads(ReadOutcome.MISS).count

    @property
    def hit_rate(self) -> float | None:
        """Hits among hits and misses; unknown where there was neither."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else None

    @property
    def seconds_cached(self) -> float | None:
        """How long a caller waited, on average, for an answer from the cache."""
        return self.reads(*HIT_OUTCOMES).mean_seconds

    @property
    def seconds_sent(self) -> float | None:
        """How long a caller waited, on average, for an answer by Supabase."""
        return self.reads(*SENT_OUTCOMES).mean_seconds
