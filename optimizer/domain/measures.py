"""What a rule can watch: each measure's unit, its words, and its value from sums. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from optimizer.domain.tally import quantile_of

GB = 1_000_000_000  # bytes


class Metric(StrEnum):
    """What is measured."""

    HIT_RATE = "hit_rate"
    CALL_REDUCTION = "call_reduction"
    CALLS = "calls"
    ERROR_RATE = "error_rate"
    P95 = "p95"
    POOL_WAITING = "pool_waiting"
    SNAPSHOT_AGE = "snapshot_age"
    EGRESS_FORECAST = "egress_forecast"
    COST_FORECAST = "cost_forecast"


class Direction(StrEnum):
    """On which side of the threshold the trouble is."""

    BELOW = "below"
    ABOVE = "above"


@dataclass(slots=True)
class Parts:
    """Sums of a stretch of time; they add up, whereas values do not.

    `top` and `bottom` are what a value is made of, `bottom` is also how much it rests on.
    """

    top: int = 0
    bottom: int = 0
    minutes: int = 0  # of which something is known
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Parts", times: int = 1) -> None:
        """Add other sums to these, or take them away again with `times=-1`."""
        self.top += times * other.top
        self.bottom += times * other.bottom
        self.minutes += times * other.minutes
        for bucket, count in other.buckets.items():
            left = self.buckets.get(bucket, 0) + times * count
            self.buckets[bucket] = left
            if not left:
                del self.buckets[bucket]


Valuer = Callable[[Parts, datetime], float | None]  # of a window's sums and its end


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric's words; `samples` names what `bottom` counts.

    Where the window's sums alone do not tell the figure, `value` is None: a forecast asks for the
    billing cycle too.
    """

    label: str
    unit: str
    samples: str
    value: Callable[[Parts], float | None] | None
    chart: str = "chart-hit-rate"  # where the dashboard draws what is nearest to it
    percent: bool = False
    by_relation: bool = True
    decimals: int = 1


def _share(parts: Parts) -> float | None:
    return 100 * parts.top / parts.bottom if parts.bottom else None


def _per_minute(parts: Parts) -> float | None:
    return parts.top / parts.minutes if parts.minutes else None


def _p95_ms(parts: Parts) -> float | None:
    seconds = quantile_of(parts.buckets, 0.95)
    return None if seconds is None else 1000 * seconds


def _seconds(parts: Parts) -> float | None:
    return float(parts.top)


MEASURES: Mapping[Metric, Measure] = {
    Metric.HIT_RATE: Measure("hit rate", "%", "cacheable reads", _share, percent=True),
    Metric.CALL_REDUCTION: Measure(
        "call reduction", "%", "requests asked", _share, "chart-calls", percent=True
    ),
    Metric.CALLS: Measure("calls to Supabase", "a minute", "calls", _per_minute, "chart-calls"),
    Metric.ERROR_RATE: Measure("error rate", "%", "calls", _share, "chart-calls", percent=True),
    Metric.P95: Measure(
        "answer time (95th percentile)", "ms", "requests asked", _p95_ms, "chart-waits"
    ),
    Metric.POOL_WAITING: Measure(
        "waiting for the pool (95th percentile)", "ms", "leases", _p95_ms, by_relation=False
    ),
    Metric.SNAPSHOT_AGE: Measure(
        "age of the newest figures", "s", "snapshot", _seconds, by_relation=False
    ),
    Metric.EGRESS_FORECAST: Measure(
        "egress forecast for the billing cycle", "GB", "calls", None, "chart-calls"
    ),
    Metric.COST_FORECAST: Measure(
        "cost forecast for the billing cycle",
        "US$",
        "calls",
        None,
        "chart-calls",
        by_relation=False,
        decimals=2,
    ),
}


def figure(metric: Metric, value: float | None) -> str:
    """A value with its unit, or that there is none."""
    if value is None:
        return "unknown"
    measure = MEASURES[metric]
    number = f"{value:,.{measure.decimals}f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{number} {measure.unit}"


def threshold(metric: Metric, value: float) -> str:
    """A threshold as somebody typed it, with its unit."""
    return f"{value:g} {MEASURES[metric].unit}"


def subject(metric: Metric, relation: str) -> str:
    """What is measured of what."""
    measure = MEASURES[metric]
    return (
        f"{measure.label} of {relation or 'all tables'}" if measure.by_relation else measure.label
    )
