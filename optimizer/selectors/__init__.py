"""Every read that the API and the dashboard need."""

from optimizer.metrics.noted import Sample
from optimizer.metrics.shapelist import Shape
from optimizer.selectors.cost import Cost, cost_of_cycle
from optimizer.selectors.exposition import exposition
from optimizer.selectors.freshness import cache_fill, freshness
from optimizer.selectors.happenings import Happening, happenings
from optimizer.selectors.relations import Setting, relation_setting, relations
from optimizer.selectors.series import Series, series, version
from optimizer.selectors.shapes import DAYS as SHAPE_DAYS
from optimizer.selectors.shapes import Shapes, shapes, shapes_or_none
from optimizer.selectors.stats import engine_stats, stats_of
from optimizer.selectors.tallies import Tallied, tallies

__all__ = [
    "SHAPE_DAYS",
    "Cost",
    "Happening",
    "Sample",
    "Series",
    "Setting",
    "Shape",
    "Shapes",
    "Tallied",
    "cache_fill",
    "cost_of_cycle",
    "engine_stats",
    "exposition",
    "freshness",
    "happenings",
    "relation_setting",
    "relations",
    "series",
    "shapes",
    "shapes_or_none",
    "stats_of",
    "tallies",
    "version",
]
