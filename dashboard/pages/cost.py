"""What the running billing cycle's savings are worth, and how each figure was worked out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo

from django.urls import reverse

from dashboard import traffic_charts
from dashboard.charts import Chart, times
from dashboard.content import Content, Note, Section, Tile, tile
from dashboard.formats import UNKNOWN, Measure, count, percent, size
from dashboard.page import Page, Scene
from dashboard.supabase_calls import beside
from dashboard.worth import (
    dollars,
    inputs_listing,
    lines_listing,
    prices_listing,
    workings_listing,
    worth,
)
from optimizer import selectors
from optimizer.domain.cost import FREE, Line, Price

ENDS = "First quota ends"


def build(scene: Scene) -> Content:
    """Read the cycle, the prices of its plan, and the range's traffic."""
    found = selectors.cost_of_cycle(scene.now)
    sheet = selectors.prices(found.plan.name, scene.now)
    series = selectors.series(scene.wanted, compare=scene.asked.compare)
    at = times(series.points, scene.wanted, series.previous)
    in_bytes = scene.asked.in_bytes
    charts = traffic_charts.charts(series.points, series.previous, at, in_bytes=in_bytes)
    volume = replace(charts[1], wide=True)
    return cost(scene, found, list(sheet.values()), volume)


def cost(scene: Scene, found: selectors.Cost, sheet: list[Price], volume: Chart) -> Content:
    """The page of one cycle; the chart is of the range that the reader chose."""
    sections: list[Section] = [
        said_note(scene, found),
        lines_listing(found.lines),
        workings_listing(found, scene.zone),
        volume,
        beside(found.calls, scene.zone),
        Note("compute", "Compute", [found.compute]),
        inputs_listing(found, named=not scene.shared),
        prices_listing(sheet),
    ]
    return Content(tiles=tiles(found, scene.now, scene.zone), sections=sections)


def tiles(found: selectors.Cost, now: datetime, zone: tzinfo) -> list[Tile]:
    """Calls, bytes and the share of the quota first; dollars last."""
    counted, start = found.counted, found.cycle.start.astimezone(zone)
    egress = next((line for line in found.lines if line.item == "egress"), None)
    day = (now.astimezone(zone).date() - start.date()).days + 1
    days = (found.cycle.end.astimezone(zone).date() - start.date()).days
    share = counted.avoided_calls / counted.asked if counted.asked else None
    said = f"began on {start:%-d %B}"
    return [
        tile("cycle", "Billing cycle", Measure(f"{day}", f"of {days} days"), said),
        tile(
            "avoided-calls", "Calls avoided", Measure(count(counted.avoided_calls)),
            f"{percent(share)} of {count(counted.asked)} asked",
        ),
        tile("avoided-bytes", "Egress avoided", size(counted.avoided_bytes), "in this cycle"),
        *_quota(egress),
        _end(found, zone),
        tile("saved", "Worth in this cycle", dollars(*worth(found.lines)), _why(found)),
    ]  # fmt: skip


def said_note(scene: Scene, found: selectors.Cost) -> Note:
    """When quotas end, and what would make the figures better."""
    plan, bills = found.plan, "bills" if found.plan.bills else "does not bill"
    cap = "" if plan.name == FREE else f", spend cap {'on' if plan.spend_cap else 'off'}"
    words = [f"Plan {plan.name}{cap}: it {bills} what is used above a quota."]
    words += found.forecasts
    unread = [line.item for line in found.lines if line.used is None]
    if unread:
        words.append(
            f"How much of {' and '.join(unread)} the bill counts is not known, so the worth is a "
            "range and no quota is forecast: enter what Supabase's usage page says."
        )
    links = [
        ("Enter a usage reading", reverse("admin:optimizer_usagereading_add")),
        ("Change the billing profile", reverse("admin:optimizer_billingprofile_changelist")),
    ]
    return Note("plan", "Plan and quotas", words, links if scene.may_change else [])


def _quota(egress: Line | None) -> Iterator[Tile]:
    if egress is None:
        return
    left = "use not known" if egress.left is None else f"{size(egress.left)} left"
    yield tile("quota", "Of the egress quota", percent(egress.share), f"avoided; {left}")


def _end(found: selectors.Cost, zone: tzinfo) -> Tile:
    """The day on which the first quota is used up, if it goes on so."""
    if not found.quotas:
        return tile("quota-end", ENDS, Measure(UNKNOWN), "no reading in this cycle")
    reached = [(quota.reached, quota.item) for quota in found.quotas if quota.reached]
    if not reached:
        return tile("quota-end", ENDS, Measure("none"), "they hold to the cycle's end")
    at, item = min(reached)
    local = at.astimezone(zone)
    without = next(quota.without for quota in found.quotas if quota.item == item)
    note = f"{item}; without Canvalo {without.astimezone(zone):%-d %B}" if without else item
    return tile("quota-end", ENDS, Measure(f"{local:%-d}", f"{local:%B}"), note)


def _why(found: selectors.Cost) -> str:
    if not found.plan.bills:
        return "nothing is billed above a quota: headroom, not dollars"
    low, high = worth(found.lines)
    if low != high:
        return "a range, since the use is not known"
    return "marginal, by the formula below"


def version(scene: Scene) -> object:
    """All but the moment up to which it was counted, which is another each time."""
    found = selectors.cost_of_cycle(scene.now)
    counted = ("asked", "sent", "unsent", "spared", "added_bytes")
    lines = [(line.item, line.used, line.avoided, line.low, line.high) for line in found.lines]
    numbers = [getattr(found.counted, name) for name in counted]
    return found.plan, found.cycle, lines, numbers, found.calls, found.forecasts, found.compute


PAGE = Page(
    "cost",
    "Cost",
    "cost/",
    build,
    ranges=("7d", "30d", "90d", "1y"),
    version=version,
    says="Supabase bills no API requests: calls, bytes and the part of the quota come first. "
    "Tiles and tables are of the billing cycle, the chart of the range that is chosen above.",
)
