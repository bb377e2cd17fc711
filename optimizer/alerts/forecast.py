"""How a rule's figure is worked out of sums: most from the window alone, forecasts by the cycle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from optimizer.alerts.meter import Meter, Minutes
from optimizer.domain.cost import Plan, Price
from optimizer.domain.course import Course, Reading, dollars
from optimizer.domain.cycle import cycle
from optimizer.domain.measures import GB, MEASURES, Metric, Parts, Valuer
from optimizer.domain.rules import Rule
from optimizer.models import BillingProfile, UsageReading
from optimizer.selectors.cost import prices

EGRESS, LOGS = "egress", "logs"
MOST = 50  # readings; a cycle has fewer


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill: its price, how it grows, and its units in some sums."""

    price: Price
    course: Course
    units: Callable[[Parts], int]

    def cost(self, parts: Parts, at: datetime, plan: Plan) -> float:
        """Dollars at the end of the cycle, at the pace of these sums."""
        units = self.course.at_the_end(at, self.units(parts) / parts.minutes)
        return dollars(units, self.price, plan, at.date())


def valuer(rule: Rule, start: datetime, minutes: Minutes | None = None) -> Valuer:
    """The figure of a window's sums and its end; `minutes` from `start` on are known already."""
    plain = MEASURES[rule.metric].value
    if plain is not None:
        return lambda parts, _: plain(parts)
    profile = BillingProfile.current()
    origin = cycle(start, profile.cycle_day, timezone.get_default_timezone()).start
    meter = Meter(rule.relation, origin, start, minutes or {})
    if rule.metric is Metric.COST_FORECAST:
        return _cost(profile, meter, start)
    return _egress(profile, meter, rule.relation)


def what_is_billed(rule: Rule) -> str:
    """What a reader of a forecast of cost should know of the plan; "" where there is nothing."""
    profile = BillingProfile.current()
    if rule.metric is not Metric.COST_FORECAST or _plan(profile).bills:
        return ""
    return (
        "By the billing profile (Free plan, or spend cap on) nothing above a quota is billed, so "
        "this is always 0: watch the egress instead."
    )


def _egress(profile: BillingProfile, meter: Meter, relation: str) -> Valuer:
    # Readings are of the whole organisation: they say nothing of one table.
    course = _course(profile, lambda at: meter.at(at).received, "" if relation else EGRESS)

    def value(parts: Parts, at: datetime) -> float | None:
        return course.at_the_end(at, parts.top / parts.minutes) / GB if parts.minutes else None

    return value


def _cost(profile: BillingProfile, meter: Meter, on: datetime) -> Valuer:
    plan, items = _plan(profile), _items(profile, meter, on)

    def value(parts: Parts, at: datetime) -> float | None:
        return sum(item.cost(parts, at, plan) for item in items) if parts.minutes else None

    return value


def _items(profile: BillingProfile, meter: Meter, on: datetime) -> Sequence[Item]:
    """What the engine's calls add to: egress, and a line of each in the logs."""
    sheet, line = prices(profile.plan, on), profile.log_line_bytes or 0
    egress = _course(profile, lambda at: meter.at(at).received, EGRESS)
    logs = _course(profile, lambda at: line * meter.at(at).calls, LOGS)
    found = (
        (EGRESS, egress, lambda parts: parts.top),
        (LOGS, logs, lambda parts: line * parts.bottom),
    )
    return [Item(sheet[name], course, units) for name, course, units in found if name in sheet]


def _course(profile: BillingProfile, counted: Callable[[datetime], float], item: str) -> Course:
    rows = UsageReading.objects.filter(item=item).order_by("-at").values_list("at", "amount")
    readings = [Reading(at, amount) for at, amount in rows[:MOST]] if item else []
    return Course(profile.cycle_day, timezone.get_default_timezone(), counted, readings)


def _plan(profile: BillingProfile) -> Plan:
    return Plan(profile.plan, profile.spend_cap)
