"""What happened to each relation in a range, and how each is set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from optimizer.conf import optimization_settings
from optimizer.domain.figures import ALL, NUMBERS, Figures
from optimizer.domain.request import Wanted
from optimizer.models import SpanFigures, TableSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """How the cache treats a relation, and the row that says so, if there is one."""

    pk: int | None
    ttl: int  # seconds
    enabled: bool


def relations(wanted: Wanted) -> dict[str, Figures]:
    """The sums of each relation over a range, without the histograms of times."""
    rows: Any = SpanFigures.objects.filter(
        grain=wanted.grain, start__gte=wanted.start, start__lt=wanted.end
    ).exclude(relation=ALL)
    sums = {f"sum_{name}": Sum(name) for name in NUMBERS}
    found = rows.values("relation").annotate(**sums).order_by("relation")
    return {row["relation"]: _figures(row) for row in found}


def _figures(row: Mapping[str, Any]) -> Figures:
    numbers: dict[str, Any] = {name: int(row[f"sum_{name}"]) for name in NUMBERS}
    return Figures(**numbers)


def relation_setting(relation: str) -> Setting:
    """How one relation is set; its row may be named with or without its schema."""
    names = (relation, relation.rpartition(".")[2])
    rows = {row.relation: row for row in TableSettings.objects.filter(relation__in=names)}
    row = next((rows[name] for name in names if name in rows), None)
    default = optimization_settings.default_ttl(relation)
    if row is None:
        return Setting(None, default, True)
    return Setting(row.pk, default if row.ttl_seconds is None else row.ttl_seconds, row.enabled)
