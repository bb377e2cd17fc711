"""What stands around every page: menu, controls, notices, foot; for its template and its script."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from dashboard.asked import BYTES, REQUESTS
from dashboard.bodies import points_body, table_body
from dashboard.charts import Chart
from dashboard.content import Cell, Content, Drawn, Listing, Note, Section, figures, legend
from dashboard.formats import age
from dashboard.marks import MOST, lettered
from dashboard.notices import notice
from dashboard.page import COMPARE, RANGE, UNIT, Page, Scene

LONG = {"h": "hours", "d": "days", "y": "year"}


def head(page: Page, now: Scene, content: Content) -> dict[str, Any]:
    """What is said of a page as a whole, for its template and its script."""
    until = now.fresh.data_until
    return {
        "page": page.name,
        "range": now.asked.range,
        "start": now.wanted.start.isoformat(),
        "end": now.wanted.end.isoformat(),
        "step_minutes": now.wanted.step,
        "zone": str(now.zone),
        "data_until": until.isoformat() if until else None,
        "age_seconds": (now.now - until).total_seconds() if until else None,
        "notice": asdict(notice(now.fresh, now.now, now.zone, empty=content.empty)),
        "marks": [asdict(mark) for mark in lettered(now.marks, now.zone)],
        "more_marks": len(now.marks) > MOST,
    }


def context(page: Page, now: Scene, content: Content) -> dict[str, Any]:
    """Everything that the template shows."""
    said = head(page, now, content)
    marks = lettered(now.marks, now.zone)
    return {
        **said,
        "page": page,
        "newest": age(now.now - until if (until := now.fresh.data_until) else None),
        "heading": page.heading(now.asked),
        "menu_page": page.under or page.name,
        "tiles": content.tiles,
        "sections": [_section(page, now, section) for section in content.sections],
        "controls": controls(page, now),
        "scene": now,
        "embedded": {**said, **figures(content, marks), "data": _address(page, now, "data")},
    }


def controls(page: Page, now: Scene) -> dict[str, Any]:
    """The links of a page's head; each is the page's own address with one part changed."""
    asked, zone = now.asked, now.zone
    out = asked.zoomed_out()
    found: dict[str, Any] = {}
    if RANGE in page.controls:
        found["ranges"] = [
            {
                "name": _spaced(name),
                "title": f"The last {_long(name)}",
                "href": out.with_(range=name).query(zone),
                "now": name == asked.range and not asked.is_zoomed,
            }
            for name in page.ranges
        ]
        found["zoom"] = {"href": out.query(zone), "said": _said(now)} if asked.is_zoomed else None
    if COMPARE in page.controls:
        href = asked.with_(compare=not asked.compare).query(zone)
        found["compare"] = {"href": href, "now": asked.compare}
    if UNIT in page.controls:
        found["units"] = [
            {"name": unit, "href": asked.with_(unit=unit).query(zone), "now": unit == asked.unit}
            for unit in (REQUESTS, BYTES)
        ]
    return found


def _section(page: Page, now: Scene, section: Section) -> dict[str, Any]:
    """A section with what its template needs beside it."""
    found: dict[str, Any] = {"it": section, "kind": section.kind}
    if not isinstance(section, Listing | Note):
        found |= {"key": legend(section), "header": section.header(), "body": _body(section)}
    if isinstance(section, Listing):
        body = table_body(section.sorted_cells(), [column.look for column in section.columns])
        found |= {"heads": list(_heads(now, section)), "body": body}
    for form in ("csv", "json") if section.kind != "note" else ():
        found[form] = _address(page, now, form, id=section.id)
    return found


def _body(section: Drawn) -> SafeString:
    if isinstance(section, Chart):
        return points_body(section.rows())
    return table_body([Cell(text) for text in row] for row in section.rows())


def _heads(now: Scene, listing: Listing) -> Iterator[dict[str, Any]]:
    for column in listing.heads():
        yield {**column, "href": now.asked.with_(sort=column["then"]).query(now.zone)}


def _address(page: Page, now: Scene, what: str, **kwargs: str) -> str:
    parts = {**page.kwargs(now.asked), **kwargs}
    return reverse(f"dashboard:{page.name}-{what}", kwargs=parts) + now.asked.query(now.zone)


def _spaced(name: str) -> str:
    return f"{name[:-1]} {name[-1]}"


def _long(name: str) -> str:
    number, unit = name[:-1], LONG[name[-1]]
    return f"{number} {unit.rstrip('s') if number == '1' else unit}"


def _said(now: Scene) -> str:
    """A range of one's own in words."""
    start, end = (at.astimezone(now.zone) for at in (now.wanted.start, now.wanted.end))
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {until}"
