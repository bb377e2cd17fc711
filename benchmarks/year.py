"""A year of stored sums: minutes for 14 days, quarters for 95, hours and days for a year.

Written by the database itself, in the shape in which the snapshot and the roll-ups write them: of
eight tables and of all together, busier by day than by night.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from optimizer.domain.spans import DAY, HOUR, MINUTE, QUARTER

RELATIONS = 8
_LENGTHS = {MINUTE: 14, QUARTER: 95, HOUR: 365, DAY: 366}  # days
_FIGURES = """
    INSERT INTO optimizer_spanfigures (
        grain, start, relation, asked, hits, stale, coalesced, misses, bypassed, errors, writes,
        sent, received, uploaded, spared, added, added_bytes, faults, cached_ns, fetched_ns,
        cached, fetched)
    SELECT %(grain)s, at, relation, 25 * n, 18 * n, n / 5, n / 5, 3 * n, n / 3, n / 50, 2 * n,
        6 * n, 30000 * n, 900 * n, 95000 * n, n / 9, 500 * n, n / 99, 40000000 * n, 250000000 * n,
        format('71:%%s,73:%%s,75:%%s,78:%%s,83:%%s', n, 6 * n, 8 * n, 2 * n, n),
        format('115:%%s,118:%%s,121:%%s,128:%%s', n, 2 * n, n, n / 9)
    FROM generate_series(%(start)s::timestamptz, %(end)s, make_interval(mins => %(grain)s)) AS at,
        LATERAL (SELECT (%(grain)s * (2 + sin(extract(epoch FROM at) / 13750) + random()))::bigint)
            AS busy(of_one),
        LATERAL (SELECT '' AS relation, of_one * %(relations)s AS n UNION ALL
            SELECT 'api.table' || i, of_one FROM generate_series(1, %(relations)s) AS i) AS each
"""
# Of each table six kinds of answer, two of writes and what was sent of each; leases, and batches.
_KEYS = """
    SELECT step, 'api.table' || i, operation, outcome, reason, tier
    FROM generate_series(1, %(relations)s) AS i, (VALUES
        ('asked', 'read', 'hit', '', 'l1'), ('asked', 'read', 'hit', '', 'l2'),
        ('asked', 'read', 'coalesced', 'cold', 'upstream'),
        ('asked', 'read', 'miss', 'cold', 'upstream'),
        ('asked', 'read', 'miss', 'expired', 'upstream'),
        ('asked', 'read', 'miss', 'invalidated', 'upstream'),
        ('asked', 'insert', 'ok', '', ''), ('asked', 'update', 'ok', '', ''),
        ('sent', 'read', 'ok', '', ''), ('sent', 'insert', 'ok', '', ''),
        ('sent', 'update', 'ok', '', ''), ('batched', 'insert', 'ok', '', ''),
        ('batched', 'update', 'partial', '', ''), ('undone', 'update', 'skipped', '', '')
    ) AS each(step, operation, outcome, reason, tier)
    UNION ALL VALUES ('lent', '', '', 'reused', '', ''), ('lent', '', '', 'made', '', ''),
        ('fault', '', '', 'repeated: 503', '', ''), ('sent', '', '', 'repeated', '', '')
"""
_TALLIES = """
    INSERT INTO {table} (
        {place} step, relation, operation, outcome, reason, tier, count, nanoseconds, received,
        sent, rows, failed, calls, buckets)
    SELECT {values} step, relation, operation, outcome, reason, tier, 10 * n, 200000000 * n,
        50000 * n, 4000 * n, 1000 * n, n, 20 * n,
        format('%%s:%%s,%%s:%%s,%%s:%%s,%%s:%%s,%%s:%%s,%%s:%%s,%%s:%%s,%%s:%%s', 96 + lag, n,
            98 + lag, n, 101 + lag, 2 * n, 103 + lag, 2 * n, 106 + lag, n, 108 + lag, n,
            113 + lag, n, 119 + lag, n)
    FROM generate_series(%(start)s::timestamptz, %(end)s, make_interval(mins => %(grain)s)) AS at,
        LATERAL (SELECT (%(grain)s * (2 + random()))::bigint, (4 * random())::int) AS busy(n, lag),
        ({keys}) AS key(step, relation, operation, outcome, reason, tier)
"""
_OF_MINUTES = {
    "table": "optimizer_minutetally", "place": "minute, ledger,", "values": "at, 'bench',",
}  # fmt: skip
_OF_SPANS = {
    "table": "optimizer_spantally", "place": "grain, start,", "values": "%(grain)s, at,",
}  # fmt: skip
_RUNS = """
    INSERT INTO optimizer_snapshotrun (minute, ran_at, keys)
    SELECT at, at + interval '65 s', 90
    FROM generate_series(%(start)s::timestamptz, %(end)s, interval '1 min') AS at
"""
_SPANS = """
    INSERT INTO optimizer_span (grain, start, "end", minutes, stale, built_at)
    SELECT %(grain)s, at, at + make_interval(mins => %(grain)s), %(grain)s, false, now()
    FROM generate_series(%(start)s::timestamptz, %(end)s, make_interval(mins => %(grain)s)) AS at
"""


def fill(now: datetime) -> int:
    """Store the year that ends about now; answers how many rows of figures there are then."""
    from django.db import connection

    with connection.cursor() as cursor:
        for grain, days in _LENGTHS.items():
            end = _floor(now - timedelta(minutes=grain), grain)
            span: dict[str, Any] = {"grain": grain, "start": end - timedelta(days=days), "end": end}
            span["relations"] = RELATIONS
            cursor.execute(_FIGURES, span)
            cursor.execute(*_tallies(grain, span))
            cursor.execute(_RUNS if grain == MINUTE else _SPANS, span)
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM optimizer_spanfigures")
        return int(cursor.fetchone()[0])


def _tallies(grain: int, span: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """By step and outcome too; of minutes the last day, since no longer range is read from them."""
    if grain == MINUTE:
        since = max(span["start"], span["end"] - timedelta(days=1))
        return _TALLIES.format(keys=_KEYS, **_OF_MINUTES), {**span, "start": since}
    return _TALLIES.format(keys=_KEYS, **_OF_SPANS), span


def _floor(at: datetime, grain: int) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % timedelta(minutes=grain)
