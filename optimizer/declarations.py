"""What the admin's rows declare of the database, and what speaks against that."""

from collections.abc import Iterable, Iterator, Mapping

import redis
from django.conf import settings

from optimizer.cache.history import learnt_blocking
from optimizer.conf import OptimizationSettings, Overrides, TableOverride, optimization_settings
from optimizer.domain.grain.doubts import doubts
from optimizer.domain.grain.schema import Declared, Routine
from optimizer.domain.relation import names_in
from optimizer.domain.ttl import SharedBy
from optimizer.errors import CacheUnavailable
from optimizer.models import NO_TABLE, FunctionSettings, TableSettings


def declared_by(row: TableSettings) -> Declared | None:
    """What the row declares of the database; None where it does not say that this is all."""
    if not row.fine_grain:
        return None
    return Declared(
        sources=frozenset(names_in(row.sources)),
        targets=frozenset(names_in(row.writes)),
        rewritten=frozenset(names_in(row.rewritten_columns)),
        exact_text=row.exact_text,
        owner_column=row.owner_column,
    )


def routine_of(row: FunctionSettings) -> Routine:
    """What the row declares of a function."""
    return Routine(_known(row.reads), _known(row.writes))


def _known(text: str) -> frozenset[str] | None:
    """The names that were declared; None where nothing was."""
    return frozenset(name for name in names_in(text) if name != NO_TABLE) if text.strip() else None


def doubts_about(rows: Iterable[TableSettings]) -> list[tuple[str, str]]:
    """What the learnt schema or answers show otherwise than rows declare: of which, and what."""
    fine = [(row, found) for row in rows if (found := declared_by(row)) is not None]
    if not fine:
        return []
    client = redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2)
    try:
        outlines, doubted = learnt_blocking(client)
    except CacheUnavailable:
        away = "Valkey is away, so it cannot be compared with the project's tables"
        return [(row.relation, away) for row, _ in fine[:1]]
    finally:
        client.close()
    return [
        (row.relation, text)
        for row, declared in fine
        for text in _doubts(row, declared, outlines, doubted)
    ]


def _doubts(
    row: TableSettings,
    declared: Declared,
    outlines: Mapping[str, str],
    doubted: Mapping[str, list[str]],
) -> Iterator[str]:
    if row.owner_column and row.shared_by == SharedBy.ROLE.value:
        yield "its users see their own rows, and yet share answers by their role alone"
    name, declared = _in_full(row, declared)
    if shown := doubted.get(name):
        yield f"an answer showed {', '.join(shown)} otherwise than declared"
    yield from doubts(name, declared, outlines)


def _in_full(row: TableSettings, declared: Declared) -> tuple[str, Declared]:
    """With the schemas of all names, as the engine takes them."""
    alone = OptimizationSettings(optimization_settings.defaults)
    alone.adopt(Overrides(tables={row.relation: TableOverride(declared=declared)}))
    return next(iter(alone.declarations().items()))
