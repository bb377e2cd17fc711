"""The pages, in the order of the menu; one file each."""

from dashboard.page import Page
from dashboard.pages import alerts, batches, cost, overview, pool, queries, relations, tables

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    tables.PAGE,
    relations.PAGE,
    queries.PAGE,
    pool.PAGE,
    batches.PAGE,
    cost.PAGE,
    alerts.PAGE,
)
