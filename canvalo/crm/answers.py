"""Turning PostgREST's answers into the API's: bytes passed on, errors in one shape."""

import json
from typing import Any

import httpx
from django.http import HttpResponse, JsonResponse

from optimizer.cache.served import Served
from optimizer.door import SERVED

_GATEWAY = 502  # what Supabase could not answer is not this server's fault


def pass_on(response: httpx.Response, seconds: float) -> HttpResponse:
    """Send the rows on as they came, with how they were come by."""
    if response.status_code >= 400:
        return _with_provenance(problem(response), response, seconds)
    answer = HttpResponse(response.content, content_type="application/json", status=200)
    if "content-range" in response.headers:
        answer["Content-Range"] = response.headers["content-range"]
    return _with_provenance(answer, response, seconds)


def first_row(response: httpx.Response, seconds: float, status: int = 200) -> HttpResponse:
    """Send the one row of a write's answer; 404 where the write met no row."""
    if response.status_code >= 400:
        return _with_provenance(problem(response), response, seconds)
    rows = json.loads(response.content)
    answer = JsonResponse(rows[0], status=status) if rows else not_found()
    return _with_provenance(answer, response, seconds)


def not_found() -> JsonResponse:
    """Say that there is no such row, or none that this caller may see."""
    return error(404, "there is no such row, or you may not see it", "not_found")


def error(status: int, detail: Any, code: str, hint: str | None = None) -> JsonResponse:
    """Make the one shape that every error of the API has."""
    body = {"detail": detail, "code": code}
    return JsonResponse({**body, "hint": hint} if hint else body, status=status)


def problem(response: httpx.Response) -> JsonResponse:
    """Translate PostgREST's error object; a gateway's page becomes 502."""
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict) or response.status_code >= 500:
        return error(_GATEWAY, "Supabase could not answer; try again", "upstream")
    if found.get("code") == "PGRST116":
        return not_found()
    detail = found.get("message") or f"HTTP {response.status_code}"
    return error(response.status_code, detail, str(found.get("code")), found.get("hint"))


def _with_provenance(
    answer: HttpResponse, response: httpx.Response, seconds: float
) -> HttpResponse:
    answer["X-Cache"] = response.headers.get("x-cache", "bypass")
    answer["Server-Timing"] = f"engine;dur={seconds * 1000:.2f}"
    answer["Cache-Control"] = "private, no-store"  # the engine's cache is the only one
    served: Served | None = response.extensions.get(SERVED)
    if served is not None:
        answer["Age"] = str(int(served.age))
        answer["Server-Timing"] += f', cache;desc="{served.outcome.value}, {served.tier.value}"'
    return answer
