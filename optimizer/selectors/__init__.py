"""Every read that the API and the dashboard need."""

from optimizer.metrics.noted import Sample
from optimizer.metrics.shapelist import Shape
from optimizer.selectors.alerts import (
    Delivery,
    Mail,
    PhaseSpan,
    Quieted,
    Standing,
    delivery,
    phases,
    silences,
    standings,
)
from optimizer.selectors.batches import (
    BatchDone,
    BatchKind,
    UndoneRows,
    batch_kinds,
    newest_batches,
    undone_rows,
)
from optimizer.selectors.calls import Calls
from optimizer.selectors.cost import Cost, cost_of_cycle, prices
from optimizer.selectors.exposition import exposition
from optimizer.selectors.freshness import cache_fill, freshness
from optimizer.selectors.happenings import Happening, happenings
from optimizer.selectors.pool import PoolNow, pool_now
from optimizer.selectors.relations import Setting, relation_setting, relations
from optimizer.selectors.series import Series, series, version
from optimizer.selectors.shapes import DAYS as SHAPE_DAYS
from optimizer.selectors.shapes import Shapes, shapes, shapes_or_none
from optimizer.selectors.stats import engine_stats, stats_of
from optimizer.selectors.tallies import Tallied, durations, tallies

__all__ = [
    "SHAPE_DAYS",
    "BatchDone",
    "BatchKind",
    "Calls",
    "Cost",
    "Delivery",
    "Happening",
    "Mail",
    "PhaseSpan",
    "PoolNow",
    "Quieted",
    "Sample",
    "Series",
    "Setting",
    "Shape",
    "Shapes",
    "Standing",
    "Tallied",
    "UndoneRows",
    "batch_kinds",
    "cache_fill",
    "cost_of_cycle",
    "delivery",
    "durations",
    "engine_stats",
    "exposition",
    "freshness",
    "happenings",
    "newest_batches",
    "phases",
    "pool_now",
    "prices",
    "relation_setting",
    "relations",
    "series",
    "shapes",
    "shapes_or_none",
    "silences",
    "standings",
    "stats_of",
    "tallies",
    "undone_rows",
    "version",
]
