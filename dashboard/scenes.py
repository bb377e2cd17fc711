"""From a request to what a page is built of, and whether that has changed since."""

from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from dashboard.access import may_change
from dashboard.asked import asked
from dashboard.marks import MOST, Mark
from dashboard.models import Annotation
from dashboard.page import Page, Scene
from optimizer import selectors


def scene(page: Page, request: HttpRequest, relation: str = "") -> Scene:
    """Read the address, and how new the data is."""
    now, zone, fresh = timezone.now(), timezone.get_default_timezone(), selectors.freshness()
    wish = asked(request.GET, zone, relation, page.ranges)
    wanted = wish.wanted(now, fresh, zone)
    marks = _marks(wanted.start, wanted.end)
    shared = not request.user.is_authenticated
    if shared:
        marks = [replace(mark, by="") for mark in marks]
    return Scene(wish, wanted, now, zone, fresh, marks, may_change(request), shared)


def version(page: Page, of: Scene) -> str:
    """Changes whenever what the page shows may have; costs little."""
    parts = (
        page.name, of.asked, tuple(of.marks), of.fresh.newest_minute, of.fresh.is_stalled(of.now),
        of.may_change, of.shared, page.version(of),
    )  # fmt: skip
    return selectors.version(of.wanted, of.fresh.ran_at, *parts)


def _marks(start: datetime, end: datetime) -> list[Mark]:
    found = [Mark(h.at, h.kind, h.text, h.by) for h in selectors.happenings(start, end)]
    rows = Annotation.objects.filter(at__gte=start, at__lt=end).select_related("by")[: MOST + 1]
    written = [Mark(a.at, a.kind, a.text, a.by.get_username() if a.by else "") for a in rows]
    return sorted([*found, *written])
