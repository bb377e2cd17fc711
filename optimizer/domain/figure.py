"""A figure that can say how it was worked out: formula, inputs, and where each is from. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from optimizer.domain.cycle import Forecast, said
from optimizer.domain.spans import Stretch

SUMS = "sums of quarters of an hour, counted here"
_AVOIDED, _PARTS = "asked - sent - unsent", ("asked", "sent", "unsent")
REACHED, WITHOUT = "start + (until - start) * Q / U", "start + (until - start) * Q / (U + A)"


@dataclass(frozen=True, slots=True)
class Input:
    """One number that went into a figure, and where it comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and how it was worked out; None where it is not known."""

    name: str
    value: int | float | None
    unit: str
    formula: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class QuotaEnd:
    """When a quota is used up in the cycle, with and without the engine; None: it holds."""

    item: str
    reached: datetime | None
    without: datetime | None
    said: str
    formula: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted here in a part of the cycle."""

    until: datetime
    asked: int = 0
    sent: int = 0  # calls that left, those that the engine added included
    spared: int = 0  # bytes that the answers without a call of their own would have cost
    added_bytes: int = 0  # received by the calls that the engine added
    unsent: int = 0  # requests that were to go out and did not

    @property
    def avoided_calls(self) -> int:
        """Calls that Supabase was spared, less those that the engine added."""
        return self.asked - self.sent - self.unsent

    @property
    def avoided_bytes(self) -> int:
        """Bytes that Supabase did not send, less those of the calls that the engine added."""
        return self.spared - self.added_bytes

    @property
    def avoided_share(self) -> float | None:
        """The avoided part of the calls that were asked."""
        return self.avoided_calls / self.asked if self.asked else None


def of_counted(counted: Counted, since: datetime) -> list[Figure]:
    """The figures of what was counted."""
    period = Input("period", f"{since:%F %H:%M} to {counted.until:%F %H:%M} UTC", "billing cycle")

    def figure(
        name: str, value: int | float | None, unit: str, formula: str, *parts: str
    ) -> Figure:
        inputs = (Input(part, f"{getattr(counted, part):,}", SUMS) for part in parts)
        return Figure(name, value, unit, formula, (*inputs, period))

    calls, size, share = counted.avoided_calls, counted.avoided_bytes, counted.avoided_share
    return [
        figure("avoided_calls", calls, "call", _AVOIDED, *_PARTS),
        figure("avoided_bytes", size, "byte", "spared - added_bytes", "spared", "added_bytes"),
        figure("avoided_share", share, "", f"({_AVOIDED}) / asked", *_PARTS),
    ]


def quota_end(
    item: str, found: Forecast, inputs: Iterable[Input], within: Stretch, zone: tzinfo
) -> QuotaEnd:
    """A forecast with its explanation: the rest of the cycle goes on as it went so far."""
    start = Input("start", f"{within.start:%F %H:%M} UTC", "billing profile")
    text, formula = said(item, found, zone), f"{REACHED}; without Canvalo {WITHOUT}"
    return QuotaEnd(item, found.reached, found.without, text, formula, (start, *inputs))
