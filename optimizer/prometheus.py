"""`GET /metrics`: the counters for Prometheus; for staff and API tokens, as the statistics are."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from optimizer import runtime, selectors
from optimizer.apitokens import ApiTokenAuth, StaffSession
from optimizer.metrics.export import CONTENT_TYPE
from optimizer.models.tokens import TokenScope
from optimizer.throttle import THROTTLE


async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what was counted since ever; a counter never goes down, whatever restarts."""
    caller = await _caller(request)
    if caller is None:
        refused = HttpResponse("an API token or a staff session is needed\n", status=401)
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    request.auth = caller  # type: ignore[attr-defined]  # as ninja has it: who is counted
    if not await sync_to_async(THROTTLE.allow_request)(request):
        return HttpResponse("too many requests\n", status=429, headers={"Retry-After": "1"})
    await runtime.current().flush_metrics()
    text = await sync_to_async(selectors.exposition)()
    return HttpResponse(text, content_type=CONTENT_TYPE)


async def _caller(request: HttpRequest) -> Any | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await ApiTokenAuth(*TokenScope).authenticate(request, token.strip())
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return await StaffSession().authenticate(request, key)
