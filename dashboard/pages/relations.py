"""One table: what was asked of it, why it was missed, how it is set, which questions it gets."""

from collections.abc import Sequence

from django.urls import reverse

from dashboard import traffic, traffic_charts
from dashboard.charts import times
from dashboard.content import Content, Note, Section, Tile, tile
from dashboard.formats import Measure, count
from dashboard.page import Page, Scene
from dashboard.reasons import reason_listing, shape_listing
from optimizer import selectors
from optimizer.domain.figures import summed
from optimizer.domain.tally import Step


def address_of(scene: Scene, relation: str) -> str:
    """The page of a table, in the state of this one."""
    return scene.address("relation", relation=relation)


def build(scene: Scene) -> Content:
    """Read the table's series, reasons, settings and shapes."""
    relation, wanted = scene.asked.relation, scene.wanted
    found = selectors.series(wanted, relation, compare=scene.asked.compare)
    then = None if found.previous is None else summed(p.figures for p in found.previous)
    at = times(found.points, wanted, found.previous)
    in_bytes = scene.asked.in_bytes
    charts = traffic_charts.charts(found.points, found.previous, at, in_bytes=in_bytes)
    setting = selectors.relation_setting(relation)
    return Content(
        tiles=[*traffic.tiles(found.total, then, in_bytes=in_bytes), ttl_tile(setting)],
        sections=[*charts, *_below(scene, setting)],
        empty=not found.total.asked,
    )


def ttl_tile(setting: selectors.Setting) -> Tile:
    """How long an answer may be served."""
    if not setting.enabled:
        return tile("ttl", "TTL", Measure("off"), "every read goes to Supabase")
    note = "the environment's" if setting.pk is None else "set for this table"
    return tile("ttl", "TTL", Measure(count(setting.ttl), "s"), note)


def settings_note(scene: Scene, setting: selectors.Setting) -> Note:
    """Where it is set; a reader who may not change it is told the same without the link."""
    name = scene.asked.relation
    own = "has settings of its own" if setting.pk else "follows the environment's settings"
    words = f"{name} {own}. A change is in force within two seconds and is marked on the charts."
    links = [("Change its settings", _settings_address(scene, setting))] if scene.may_change else []
    return Note("settings", "Settings", [words], links)


def _settings_address(scene: Scene, setting: selectors.Setting) -> str:
    if setting.pk is not None:
        return reverse("admin:optimizer_tablesettings_change", args=[setting.pk])
    return f"{reverse('admin:optimizer_tablesettings_add')}?relation={scene.asked.relation}"


def _below(scene: Scene, setting: selectors.Setting) -> Sequence[Section]:
    relation = scene.asked.relation
    reasons: dict[str, int] = {}
    for point in selectors.tallies(scene.wanted, Step.ASKED, relation=relation):
        for name, number in point.counts.by_reason().items():
            reasons[name] = reasons.get(name, 0) + number
    found = selectors.shapes_or_none(scene.now)
    top = [shape for shape in found.top if shape.relation == relation] if found else []
    caption = "Questions today (UTC), without the values that were asked about."
    return [
        settings_note(scene, setting),
        reason_listing(reasons),
        shape_listing(top, {}, scene.asked.sort, caption),
    ]


def version(scene: Scene) -> object:
    """Shapes are counted all the time; the setting is another's to change."""
    setting = selectors.relation_setting(scene.asked.relation)
    return int(scene.now.timestamp()) // 60, setting


PAGE = Page(
    "relation",
    "Table",
    "tables/<str:relation>/",
    build,
    in_menu=False,
    under="tables",
    version=version,
)
