"""The engine's endpoints; the project mounts the router and says what an error becomes."""

import json

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from ninja import Query, Router
from ninja.errors import HttpError

from optimizer import selectors
from optimizer.apitokens import ApiTokenAuth, StaffSession
from optimizer.conf import optimization_settings
from optimizer.domain.columns import as_csv, columns, totals
from optimizer.domain.recency import Freshness
from optimizer.domain.request import Wanted, between, named
from optimizer.domain.tally import OTHER
from optimizer.errors import CacheUnavailable, QueryError
from optimizer.schemas import SeriesAsked, SeriesOut, ShapesAsked, ShapesOut, StatsOut, told
from optimizer.schemas_cost import CostOut
from optimizer.throttle import THROTTLE

router = Router(tags=["optimization"], auth=[ApiTokenAuth(), StaffSession()])


@router.get(
    "/optimization/stats",
    response=told(StatsOut),
    summary="What the engine did",
    throttle=[THROTTLE],
)
async def stats(request: HttpRequest) -> StatsOut:
    """Sums over all processes since the installation, and what is held now."""
    try:
        return await selectors.engine_stats()
    except CacheUnavailable as away:
        raise HttpError(503, str(away)) from away


@router.get(
    "/optimization/series",
    response=told(SeriesOut),
    summary="What the engine did, over time",
    throttle=[THROTTLE],
)
async def series(request: HttpRequest, asked: Query[SeriesAsked]) -> HttpResponse:
    """Sums of a range in points; 304 where nothing has changed since the ETag that is sent."""
    return await sync_to_async(_series)(request, asked, csv=False)


@router.get(
    "/optimization/series.csv",
    response=told(str),
    summary="The same as CSV",
    throttle=[THROTTLE],
    openapi_extra={"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
async def series_csv(request: HttpRequest, asked: Query[SeriesAsked]) -> HttpResponse:
    """The columns of the series, a line a point, in the same zone as the JSON."""
    return await sync_to_async(_series)(request, asked, csv=True)


@router.get(
    "/optimization/cost",
    response=told(CostOut),
    summary="What the billing cycle's savings are worth",
    throttle=[THROTTLE],
)
async def cost(request: HttpRequest) -> selectors.Cost:
    """Marginal savings of each item, with formula, inputs and sources."""
    return await sync_to_async(selectors.cost_of_cycle)(timezone.now())


@router.get(
    "/optimization/shapes",
    response=told(ShapesOut),
    summary="What is asked most",
    throttle=[THROTTLE],
)
async def shapes(request: HttpRequest, asked: Query[ShapesAsked]) -> selectors.Shapes:
    """Query shapes of the last days, the most frequent first, and samples; without any value."""
    try:
        return await sync_to_async(selectors.shapes)(timezone.now(), asked.days)
    except CacheUnavailable as away:
        raise HttpError(503, str(away)) from away


def _series(request: HttpRequest, asked: SeriesAsked, *, csv: bool) -> HttpResponse:
    fresh = selectors.freshness()
    try:
        wanted = _wanted(asked, fresh)
    except QueryError as error:
        raise HttpError(422, str(error)) from error
    relation = _full_name(asked.relation)
    etag = selectors.version(wanted, fresh.ran_at, relation, asked.compare, csv)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        found = selectors.series(wanted, relation, compare=asked.compare == "previous")
        response = _as_csv(found) if csv else _as_json(found, fresh)
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _wanted(asked: SeriesAsked, fresh: Freshness) -> Wanted:
    now, zone = timezone.now(), timezone.get_default_timezone()
    if asked.start is None and asked.end is None:
        return named(asked.range, asked.step, now, fresh, zone)
    if asked.start is None or asked.end is None:
        raise QueryError("give both `from` and `to`, or a range")
    return between(asked.start, asked.end, asked.step, now, zone)


def _full_name(relation: str) -> str:
    """A table that is named without its schema is one of the default schema."""
    bare = relation and "." not in relation and relation != OTHER
    return f"{optimization_settings.default_schema}.{relation}" if bare else relation


def _as_json(found: selectors.Series, fresh: Freshness) -> HttpResponse:
    wanted = found.wanted
    body = {
        "start": wanted.start.isoformat(),
        "end": wanted.end.isoformat(),
        "step_minutes": wanted.step,
        "zone": str(wanted.zone),
        "relation": found.relation,
        "data_until": fresh.data_until.isoformat() if fresh.data_until else None,
        "columns": columns(found.points, wanted.zone),
        "totals": totals(found.total),
        "previous": columns(found.previous, wanted.zone) if found.previous else None,
    }
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return HttpResponse(text, content_type="application/json")


def _as_csv(found: selectors.Series) -> HttpResponse:
    zone = found.wanted.zone
    before = columns(found.previous, zone) if found.previous else {}
    previous = {f"previous_{name}": values for name, values in before.items()}
    text = as_csv({**columns(found.points, zone), **previous})
    name = f"canvalo-{found.relation or 'all'}-{found.wanted.start:%Y%m%d%H%M}.csv"
    safe = "".join(c if c.isalnum() or c in "-._" else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
