"""The dashboard's addresses: a page, its data, and the exports of its charts, for each page."""

from collections.abc import Iterator

from django.urls import URLPattern, path

from dashboard import views
from dashboard.page import Page
from dashboard.pages import PAGES

app_name = "dashboard"


def addresses(page: Page) -> Iterator[URLPattern]:
    """Three addresses a page: `/pool/`, `/data/pool`, `/data/pool/CHART.csv`."""
    below = f"data/{page.path.rstrip('/') or page.name}"
    yield path(page.path, views.show(page), name=page.name)
    yield path(below, views.data(page), name=f"{page.name}-data")
    export = views.export(page)
    for form in ("csv", "json"):
        name = f"{page.name}-{form}"
        yield path(f"{below}/<slug:id>.{form}", export, {"form": form}, name=name)


urlpatterns = [
    *(pattern for page in PAGES for pattern in addresses(page)),
    path("share/<str:token>", views.share, name="share"),
]
