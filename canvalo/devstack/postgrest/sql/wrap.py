# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""The one statement around everything: its single row is what the server answers with."""

from ..plan.nodes import SOURCE
from .body import NO_BODY, ROWS
from .fragments import Parameters, array_literal, setting

ALL_ROWS = f"SELECT * FROM {SOURCE.name}"
PAGE = f"pg_catalog.count({ROWS})"
NO_TOTAL, NO_LOCATION, NO_COUNT = "null::bigint", "null::text[]", "null::bigint"


def wrapped(
    source: str,
    rows: str,
    *,
    body: str = NO_BODY,
    count: str | None = None,
    total: str = NO_TOTAL,
    location: str = NO_LOCATION,
    inserted: str = NO_COUNT,
) -> str:
    """`source` is the CTE that does the work, `rows` the SELECT whose rows are gathered."""
    counted = f", pgrst_source_count AS ({count})" if count else ""
    if count:
        total = "(SELECT pg_catalog.count(*) FROM pgrst_source_count)"
    return (
        f"WITH {SOURCE.name} AS ({source}){counted} "
        f"SELECT {total} AS total, {PAGE} AS page, {body} AS body, "
        f"{setting('response.headers')} AS headers, {setting('response.status')} AS status, "
        f"{location} AS location, {inserted} AS inserted "
        f"FROM ({rows}) {ROWS}"
    )


def location(p: Parameters, key: tuple[str, ...]) -> str:
    """The new row's key as filters, where exactly one row is new."""
    names = f"{p.add(array_literal(key))}::text[]"
    pairs = (
        "SELECT array_agg(pair.key || '=' || coalesce('eq.' || pair.value, 'is.null')) "
        f"FROM (SELECT row_to_json(_) AS object FROM {SOURCE.name} AS _ LIMIT 1) one "
        f"CROSS JOIN json_each_text(one.object) AS pair WHERE pair.key = ANY ({names})"
    )
    return f"CASE WHEN {PAGE} = 1 THEN ({pairs}) END"
