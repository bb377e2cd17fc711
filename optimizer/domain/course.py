"""Where a billing cycle leads: what it has used, and the rest at the pace of now. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from optimizer.domain.cost import Plan, Price
from optimizer.domain.cycle import cycle

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the bill counted since its cycle began, over the whole organisation."""

    at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class Course:
    """How the use of one item grows through billing cycles.

    `counted` gives the units that were counted here from a fixed moment up to another. What other
    clients of the organisation use is known by readings: it is taken to go on as up to the last.
    """

    day: int  # of the month on which a cycle begins
    zone: tzinfo
    counted: Callable[[datetime], float]
    readings: Sequence[Reading] = ()

    def at_the_end(self, at: datetime, pace: float) -> float:
        """The cycle's units at its end, where from `at` on so many a minute are counted here."""
        within = cycle(at, self.day, self.zone)
        ours = self.counted(at) - self.counted(within.start)
        others = self._others(within.start, at)
        return (
            ours
            + others * ((within.end - within.start) / MINUTE)
            + pace * ((within.end - at) / MINUTE)
        )

    def _others(self, start: datetime, at: datetime) -> float:
        """Units a minute that were used past us, as the newest reading of the cycle says."""
        known = [reading for reading in self.readings if start < reading.at <= at]
        if not known:
            return 0.0
        last = max(known, key=lambda reading: reading.at)
        ours = self.counted(last.at) - self.counted(start)
        return max(0.0, last.amount - ours) / ((last.at - start) / MINUTE)


def dollars(units: float, price: Price, plan: Plan, on: date) -> float:
    """What so many units of a cycle cost above the quota; nothing where nothing is billed."""
    waits = price.charged_from is not None and on < price.charged_from
    if waits or not plan.bills:
        return 0.0
    return float(price.of(max(0, round(units) - price.quota)))
