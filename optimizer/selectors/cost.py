"""What the running billing cycle's savings are worth, each figure with how it was worked out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from optimizer.domain import cost, cycle
from optimizer.domain.cost import NOTHING, Line, Plan, Price
from optimizer.domain.figure import SUMS, Counted, Figure, Input, QuotaEnd, of_counted, quota_end
from optimizer.domain.figures import ALL
from optimizer.domain.spans import QUARTER, Stretch
from optimizer.models import BillingProfile, PriceItem, SpanFigures, UsageReading
from optimizer.selectors.calls import Calls, calls_beside_ours

_SUMS = ("asked", "sent", "unsent", "spared", "added_bytes")
ITEMS = ("egress", "logs")  # what the engine avoids; it stands before no CDN and no function


@dataclass(frozen=True, slots=True)
class Cost:
    """The cycle, its lines, when quotas end, and what is said of compute."""

    cycle: Stretch
    plan: Plan
    lines: list[Line]
    quotas: list[QuotaEnd]
    compute: str
    calls: Calls | None
    counted: Counted
    figures: list[Figure]

    @property
    def forecasts(self) -> list[str]:
        """When each quota ends, in a sentence."""
        return [quota.said for quota in self.quotas]


def cost_of_cycle(now: datetime) -> Cost:
    """Put together what is known of the billing cycle that holds `now`."""
    zone = timezone.get_default_timezone()
    profile = BillingProfile.current()
    within = cycle.cycle(now, profile.cycle_day, zone)
    plan = Plan(profile.plan, profile.spend_cap)
    counted = _counted(within, now)
    sheet = prices(profile.plan, now)
    measured = [_item(sheet[item], profile, plan, within, now) for item in ITEMS if item in sheet]
    return Cost(
        cycle=within,
        plan=plan,
        lines=[line for line, _ in measured],
        quotas=[
            quota_end(line.item, _forecast(line, until, within), line.inputs, within, zone)
            for line, until in measured
            if line.used is not None and line.avoided is not None
        ],
        compute=_compute(sheet, profile.compute_size, counted.avoided_share),
        calls=calls_beside_ours(),
        counted=counted,
        figures=of_counted(counted, within.start),
    )


def prices(plan: str, now: datetime) -> dict[str, Price]:
    """The newest price of each item on a plan, or its first where all are of later days."""
    found: dict[str, Price] = {}
    for row in PriceItem.objects.filter(plan=plan).order_by("item", "as_of"):
        if row.item not in found or row.as_of <= now.date():
            found[row.item] = _price(row)
    return found


def _price(row: PriceItem) -> Price:
    return Price(
        row.item, row.unit, row.quota, row.usd.normalize(), row.per, row.started, row.as_of,
        row.source, row.charged_from,
    )  # fmt: skip


def _item(
    price: Price, profile: BillingProfile, plan: Plan, within: Stretch, now: datetime
) -> tuple[Line, datetime]:
    """The line of an item, and up to when its use and what was avoided are counted."""
    reading = _reading(price.item, within, now)
    until = reading.at if reading else now
    avoided, source = _avoided(price.item, profile, _counted(within, until))
    inputs = [Input("counted", f"{within.start:%F %H:%M} to {until:%F %H:%M} UTC", SUMS)]
    if reading:
        who = str(reading.by) if reading.by else "somebody"
        entered = f"usage page at {reading.at:%F %H:%M} UTC, entered by {who}"
        inputs.append(Input("U, used", f"{reading.amount:,}", entered))
    inputs += source
    used = reading.amount if reading else None
    return cost.line(price, plan, used, avoided, now.date(), inputs), until


def _avoided(
    item: str, profile: BillingProfile, counted: Counted
) -> tuple[int | None, list[Input]]:
    if item == "egress":
        return counted.avoided_bytes, []
    if profile.log_line_bytes is None:
        return None, [Input("bytes of a log line", "not known", "billing profile")]
    line = Input("bytes of a log line", f"{profile.log_line_bytes:,}", "billing profile")
    calls = Input("calls avoided", f"{counted.avoided_calls:,}", "counted here")
    return counted.avoided_calls * profile.log_line_bytes, [calls, line]


def _reading(item: str, within: Stretch, now: datetime) -> UsageReading | None:
    """The newest reading of this cycle."""
    rows = UsageReading.objects.filter(item=item, at__gt=within.start, at__lte=now)
    return rows.select_related("by").order_by("-at").first()


def _counted(within: Stretch, until: datetime) -> Counted:
    """What was counted from the cycle's beginning; quarters of an hour are the same everywhere."""
    rows = SpanFigures.objects.filter(
        grain=QUARTER, relation=ALL, start__gte=within.start, start__lt=until
    )
    found = rows.aggregate(**{name: Sum(name) for name in _SUMS})
    return Counted(until, **{name: int(value or 0) for name, value in found.items()})


def _forecast(line: Line, until: datetime, within: Stretch) -> cycle.Forecast:
    return cycle.forecast(line.quota, line.used or 0, line.avoided or 0, until, within)


def _compute(sheet: Mapping[str, Price], size: str, avoided_share: float | None) -> str:
    credit = sheet.get("compute_credit")
    return cost.hypothesis(_hourly(sheet), size, avoided_share, credit.usd if credit else NOTHING)


def _hourly(sheet: Mapping[str, Price]) -> dict[str, Decimal]:
    prefix = "compute:"
    return {
        item.removeprefix(prefix): price.usd
        for item, price in sheet.items()
        if item.startswith(prefix)
    }
