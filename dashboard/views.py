"""Each page, the same as JSON for its own polling, and each of its charts as CSV and JSON."""

import json
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from dashboard.access import View, may_view, readers_data, readers_only
from dashboard.content import as_json
from dashboard.frame import context, head
from dashboard.marks import lettered
from dashboard.page import Page, Scene
from dashboard.scenes import scene, version
from dashboard.sharing import enter
from optimizer.domain.columns import as_csv


def show(page: Page) -> View:
    """The page; complete without JavaScript but for the drawing of the charts."""

    @gzip_page
    @require_safe
    @readers_only
    def shown(request: HttpRequest, relation: str = "") -> HttpResponse:
        now = scene(page, request, relation)
        response = render(request, page.template, context(page, now, page.build(now)))
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return shown


def data(page: Page) -> View:
    """The page's figures; 304 where nothing has changed since the version that the script holds."""

    @gzip_page
    @require_safe
    @readers_data
    def answered(request: HttpRequest, relation: str = "") -> HttpResponse:
        now = scene(page, request, relation)
        return _conditional(request, version(page, now), lambda: _json(page, now))

    return answered


def export(page: Page) -> View:
    """Exactly what one chart or listing shows, as CSV or JSON."""

    @gzip_page
    @require_safe
    @readers_data
    def exported(request: HttpRequest, id: str, form: str, relation: str = "") -> HttpResponse:
        now = scene(page, request, relation)
        etag = version(page, now).replace('"', f'"{id}.{form}-', 1)
        return _conditional(request, etag, lambda: _exported(page, now, id, form))

    return exported


@require_safe
def share(request: HttpRequest, token: str) -> HttpResponse:
    """Lead the bearer of a share link to the figures; from there on its address is not needed."""
    if not may_view(request) and not enter(request, token):
        return render(request, "dashboard/ended.html", status=404)
    response = redirect("dashboard:overview")
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, private=True, no_store=True)
    return response


def _conditional(
    request: HttpRequest, etag: str, build: Callable[[], HttpResponse]
) -> HttpResponse:
    response = get_conditional_response(request, etag=etag) or build()
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _json(page: Page, now: Scene) -> HttpResponse:
    content = page.build(now)
    marks = lettered(now.marks, now.zone)
    return JsonResponse({**head(page, now, content), **as_json(content, marks)})


def _exported(page: Page, now: Scene, id_: str, form: str) -> HttpResponse:
    found = page.build(now).find(id_)
    if found is None:
        raise Http404
    name = f"canvalo-{page.name}-{id_}.{form}"
    columns = found.export()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "csv":
        text = as_csv(columns)
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
    body = {"title": found.title, "zone": str(now.zone), "columns": columns}
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return HttpResponse(text, content_type="application/json")
