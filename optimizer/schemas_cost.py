"""What the cost endpoint answers; dollars are decimal text, so that no cent is rounded twice."""

from datetime import datetime
from decimal import Decimal

from ninja import Field, Schema


class InputOut(Schema):
    """One number that went into a figure."""

    name: str
    value: str
    source: str


class LineOut(Schema):
    """One item of the bill."""

    item: str
    unit: str
    avoided: int | None = Field(description="Units, less what the engine added; null: not known.")
    used: int | None = Field(description="Units that the bill counts; null: not known.")
    quota: int = Field(description="Units that the plan includes.")
    share: float | None = Field(description="avoided as a part of the quota.")
    left: int | None = Field(description="What the quota still holds.")
    low: Decimal | None = Field(description="US dollars saved at least; null: not known.")
    high: Decimal | None = Field(description="US dollars saved at most; as low where use is known.")
    formula: str
    inputs: list[InputOut]
    note: str


class StretchOut(Schema):
    """From start up to, not including, end."""

    start: datetime
    end: datetime


class FigureOut(Schema):
    """One number that was counted, and how it was worked out."""

    name: str
    value: int | float | None = Field(description="null: not known.")
    unit: str
    formula: str
    inputs: list[InputOut]


class QuotaOut(Schema):
    """When a quota is used up in this cycle, if it goes on as it went so far."""

    item: str
    reached: datetime | None = Field(description="null: it holds to the end of the cycle.")
    without: datetime | None = Field(description="The same, had the engine avoided nothing.")
    said: str
    formula: str
    inputs: list[InputOut]


class CallsPointOut(Schema):
    """One stretch, an hour as a rule."""

    start: datetime
    theirs: int
    ours: int


class CallsOut(Schema):
    """Supabase's own count beside ours, of the same day."""

    stretch: StretchOut
    theirs: int = Field(description="REST calls of all clients of the project together.")
    ours: int = Field(description="Calls that left here.")
    fetched_at: datetime
    points: list[CallsPointOut]
    source: str
    note: str = Field(description="Why the two differ.")


class CountedOut(Schema):
    """What was counted here since the cycle began."""

    until: datetime
    asked: int
    sent: int = Field(description="Calls that left, those that the engine added included.")
    unsent: int = Field(description="Requests that were to go out and of which nothing left.")
    avoided_calls: int = Field(description="asked less sent and unsent.")
    avoided_bytes: int = Field(description="Less those of the calls that the engine added.")


class PlanOut(Schema):
    """What is paid."""

    name: str
    spend_cap: bool
    bills: bool = Field(description="Whether use above a quota costs money.")


class CostOut(Schema):
    """The running billing cycle: calls and bytes first, dollars second."""

    cycle: StretchOut
    plan: PlanOut
    counted: CountedOut
    lines: list[LineOut]
    forecasts: list[str] = Field(description="When quotas end, with and without the engine.")
    quotas: list[QuotaOut] = Field(description="The same as dates, with how they were found.")
    figures: list[FigureOut] = Field(description="How the figures of `counted` were worked out.")
    compute: str = Field(description="What a smaller size would save: a hypothesis, no saving.")
    calls: CallsOut | None
