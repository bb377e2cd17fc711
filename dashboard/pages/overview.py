"""What was asked, what was sent, and what that saved, in all."""

from collections.abc import Sequence

from dashboard import traffic, traffic_charts
from dashboard.charts import times
from dashboard.content import Content
from dashboard.page import Page, Scene
from optimizer import selectors
from optimizer.domain.figures import summed
from optimizer.domain.recency import CacheFill
from optimizer.domain.request import Sum, Wanted


def build(scene: Scene) -> Content:
    """Read the series and say it."""
    found = selectors.series(scene.wanted, compare=scene.asked.compare)
    fill = selectors.cache_fill()
    return overview(scene.wanted, found.points, found.previous, fill, in_bytes=scene.asked.in_bytes)


def overview(
    wanted: Wanted,
    sums: Sequence[Sum],
    before: Sequence[Sum] | None,
    fill: CacheFill | None,
    *,
    in_bytes: bool = False,
) -> Content:
    """The page of some points; `fill` is None where the cache cannot be asked."""
    total = summed(point.figures for point in sums)
    then = None if before is None else summed(point.figures for point in before)
    at = times(sums, wanted, before)
    return Content(
        tiles=[*traffic.tiles(total, then, in_bytes=in_bytes), traffic.entries(fill)],
        sections=traffic_charts.charts(sums, before, at, in_bytes=in_bytes),
        empty=not total.asked,
    )


PAGE = Page("overview", "Overview", "", build)
