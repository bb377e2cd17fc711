"""Every read that the API and the dashboard need."""

from optimizer.selectors.cost import Cost, cost_of_cycle
from optimizer.selectors.exposition import exposition
from optimizer.selectors.freshness import cache_fill, freshness
from optimizer.selectors.happenings import Happening, happenings
from optimizer.selectors.relations import Setting, relation_setting, relations
from optimizer.selectors.series import Series, series, version
from optimizer.selectors.shapes import Shapes, shapes
from optimizer.selectors.stats import engine_stats, stats_of
from optimizer.selectors.tallies import Tallied, tallies

__all__ = [
    "Cost",
    "Happening",
    "Series",
    "Setting",
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
    "stats_of",
    "tallies",
    "version",
]
