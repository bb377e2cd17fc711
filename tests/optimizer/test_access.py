"""The lines on `optimizer.access`: the original's words, and nobody's name."""

import logging

import pytest

from optimizer import access
from optimizer.domain.facts import (
    BatchFlushed,
    CacheFault,
    CacheRead,
    ChangeMade,
    LeaseTaken,
    MissReason,
    Operation,
    ReadOutcome,
    Tier,
    Touched,
)

TABLE = "api.contacts"


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (
            CacheRead(TABLE, ReadOutcome.HIT, Tier.L1, None, 0.001, 10, 245.2),
            "Cache hit: contacts query (TTL: 245s)",
        ),
        (
            CacheRead(TABLE, ReadOutcome.MISS, Tier.UPSTREAM, MissReason.COLD, 0.021, 10),
            "Cache miss: contacts query (cold) in 21ms",
        ),
        (
            LeaseTaken(True, 0.0, "user", "3f9a11bc"),
            "Connection pool: Reusing user connection for 3f9a11bc",
        ),
        (
            LeaseTaken(False, 0.5, "service", "3f9a11bc"),
            "Connection pool: Opening service connection for 3f9a11bc after waiting 500ms",
        ),
        (
            BatchFlushed(TABLE, Operation.INSERT, 25, 0, 1, 0.12),
            "Batch insert completed: 25 records in 120ms",
        ),
        (
            BatchFlushed(TABLE, Operation.DELETE, 25, 2, 1, 0.12),
            "Batch delete completed with 2 failed: 25 records in 120ms",
        ),
        (
            ChangeMade(TABLE, Operation.UPDATE, 0, 0.1, False),
            "Write: contacts update answered nothing in 100ms, unfenced",
        ),
        (Touched(("r:api.contacts",), "abcd"), "Cache invalidated: r:api.contacts for abcd"),
    ],
)
def test_each_fact_has_its_line(caplog, fact, line):
    caplog.set_level(logging.INFO, "optimizer.access")
    access.log(fact)
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [("INFO", line)]


def test_a_fact_without_a_line_is_passed_over(caplog):
    caplog.set_level(logging.INFO, "optimizer.access")
    access.log(CacheFault("look"))
    assert caplog.records == []
