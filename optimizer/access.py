"""One line for each thing that the engine did, on the logger `optimizer.access`.

Off by default (`OPTIMIZATION_ACCESS_LOG`), since a line costs more than a hit. Users are hashed.
"""

import logging
from collections.abc import Callable
from typing import Any

from optimizer.domain.facts import (
    BatchFlushed,
    CacheRead,
    ChangeMade,
    Fact,
    LeaseTaken,
    ReadOutcome,
    Touched,
)

logger = logging.getLogger("optimizer.access")


def log(fact: Fact) -> None:
    """Write the fact's line; facts that have none are passed over."""
    line = _LINES.get(type(fact))
    if line is not None and logger.isEnabledFor(logging.INFO):
        logger.info(line(fact))


def _read(fact: CacheRead) -> str:
    table = _bare(fact.relation)
    if fact.outcome is ReadOutcome.HIT:
        return f"Cache hit: {table} query (TTL: {fact.ttl_left:.0f}s)"
    why = f" ({fact.reason})" if fact.reason else ""
    return f"Cache {fact.outcome}: {table} query{why} in {fact.seconds * 1000:.0f}ms"


def _change(fact: ChangeMade) -> str:
    what = f"{_bare(fact.relation)} {fact.operation}"
    fenced = "" if fact.fenced else ", unfenced"
    return f"Write: {what} answered {fact.status or 'nothing'} in {_ms(fact.seconds)}{fenced}"


def _lease(fact: LeaseTaken) -> str:
    did = "Reusing" if fact.reused else "Opening"
    waited = f" after waiting {_ms(fact.waited)}" if fact.waited >= 0.001 else ""
    return f"Connection pool: {did} {fact.kind} connection for {fact.caller}{waited}"


def _batch(fact: BatchFlushed) -> str:
    done = "completed" if not fact.failed else f"completed with {fact.failed} failed"
    return f"Batch {fact.operation} {done}: {fact.rows} records in {_ms(fact.seconds)}"


def _touched(fact: Touched) -> str:
    who = f" for {fact.by}" if fact.by else ""
    return f"Cache invalidated: {', '.join(fact.tags)}{who}"


def _bare(relation: str) -> str:
    return relation.rpartition(".")[2]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


_LINES: dict[type, Callable[[Any], str]] = {
    CacheRead: _read,
    ChangeMade: _change,
    LeaseTaken: _lease,
    BatchFlushed: _batch,
    Touched: _touched,
}
