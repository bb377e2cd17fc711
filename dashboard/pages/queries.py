"""Which questions cost most: by time, bytes and misses, why they were missed, and samples."""

from collections.abc import Mapping
from datetime import timedelta

from dashboard.content import Content, Note, Tile, tile
from dashboard.formats import Measure, count, duration, percent, size
from dashboard.page import RANGE, Page, Scene
from dashboard.pages.relations import address_of
from dashboard.reasons import reason_listing, sample_listing, shape_listing
from optimizer import selectors
from optimizer.domain.tally import Step

DAY = timedelta(days=1)
AWAY = Note(
    "away",
    "The questions cannot be read",
    ["They are counted in Valkey, which does not answer at the moment. The other pages go on."],
)


def build(scene: Scene) -> Content:
    """Read the shapes of the range's days and the reasons of its minutes."""
    points = selectors.tallies(scene.wanted, Step.ASKED)
    reasons: dict[str, int] = {}
    for point in points:
        for name, number in point.counts.by_reason().items():
            reasons[name] = reasons.get(name, 0) + number
    found = selectors.shapes_or_none(scene.now, days(scene))
    return queries(scene, found, reasons)


def queries(scene: Scene, found: selectors.Shapes | None, reasons: Mapping[str, int]) -> Content:
    """The page of some shapes; None where they cannot be read."""
    why = reason_listing(reasons)
    if found is None:
        return Content(sections=[AWAY, why])
    names = {s.relation for s in found.top} | {s.relation for s in found.samples}
    addresses = {name: address_of(scene, name) for name in names if "." in name}
    said = "today" if days(scene) == 1 else f"of the last {days(scene)} days"
    caption = f"Questions {said} (days of UTC), without the values that were asked about."
    return Content(
        tiles=tiles(found),
        sections=[
            shape_listing(found.top, addresses, scene.asked.sort, caption),
            why,
            sample_listing(found.samples, addresses, scene.zone),
        ],
        empty=not found.top,
    )


def tiles(found: selectors.Shapes) -> list[Tile]:
    """What all questions together cost."""
    reads = sum(shape.count for shape in found.top)
    misses = sum(shape.misses for shape in found.top)
    seconds = sum(shape.seconds for shape in found.top)
    received = sum(shape.received for shape in found.top)
    share = misses / reads if reads else None
    return [
        tile("shapes", "Questions", Measure(count(len(found.top))), "told apart"),
        tile("reads", "Reads", Measure(count(reads)), "of these questions"),
        tile("missed", "Missed", percent(share), f"{count(misses)} answered by Supabase"),
        tile("time", "Time waited", duration(seconds), "by all callers together"),
        tile("bytes", "Bytes", size(received), "of the answers"),
    ]


def days(scene: Scene) -> int:
    """How many days reach back to the range's beginning, as far as they are kept."""
    back = scene.now.date() - scene.wanted.start.date()
    whole = scene.asked.range in ("1h", "6h", "24h") and not scene.asked.is_zoomed
    return 1 if whole else max(1, min(selectors.SHAPE_DAYS, back // DAY + 1))


def version(scene: Scene) -> object:
    """Counted all the time; looked at once a minute."""
    return int(scene.now.timestamp()) // 60, scene.asked.sort


PAGE = Page(
    "queries",
    "Queries",
    "queries/",
    build,
    controls=(RANGE,),
    version=version,
    says="Questions are counted by their shape: names and operators, never values. Of each day the "
    "most frequent 300 are told apart.",
)
