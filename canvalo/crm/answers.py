"""Turning PostgREST's answers into the API's: bytes passed on, errors in one shape."""

import json
from typing import Any

import httpx
from django.http import HttpRequest, HttpResponse, JsonResponse

from optimizer.cache.served import Served

_JSON, _BYPASS = "application/json", "bypass"
_GATEWAY = 502  # what Supabase could not answer is not this server's fault


def pass_on(request: HttpRequest, served: Served, seconds: float) -> HttpResponse:
    """Send the rows on as they came, with how they were come by."""
    answer = served.answer
    if answer.status >= 400:
        made: HttpResponse = problem(answer.status, answer.plain())
        return _with_provenance(made, seconds, _BYPASS)
    if answer.is_packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        made = HttpResponse(answer.body, content_type=_JSON)
        made["Content-Encoding"] = "gzip"
    else:
        made = HttpResponse(answer.plain(), content_type=_JSON)
    if shown := answer.header("content-range"):
        made["Content-Range"] = shown
    made["Age"] = str(int(served.age))
    how = f'cache;desc="{served.outcome.value}, {served.tier.value}"'
    return _with_provenance(made, seconds, served.outcome.value, how)


def first_row(response: httpx.Response, seconds: float, status: int = 200) -> HttpResponse:
    """Send the one row of a write's answer; 404 where the write met no row."""
    if response.status_code >= 400:
        return _with_provenance(problem(response.status_code, response.content), seconds, _BYPASS)
    rows = json.loads(response.content)
    answer = JsonResponse(rows[0], status=status) if rows else not_found()
    return _with_provenance(answer, seconds, _BYPASS)


def not_found() -> JsonResponse:
    """Say that there is no such row, or none that this caller may see."""
    return error(404, "there is no such row, or you may not see it", "not_found")


def error(status: int, detail: Any, code: str, hint: str | None = None) -> JsonResponse:
    """Make the one shape that every error of the API has."""
    body = {"detail": detail, "code": code}
    return JsonResponse({**body, "hint": hint} if hint else body, status=status)


def problem(status: int, body: bytes) -> JsonResponse:
    """Translate PostgREST's error object; a gateway's page becomes 502."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or status >= 500:
        return error(_GATEWAY, "Supabase could not answer; try again", "upstream")
    if found.get("code") == "PGRST116":
        return not_found()
    detail = found.get("message") or f"HTTP {status}"
    return error(status, detail, str(found.get("code")), found.get("hint"))


def _with_provenance(
    answer: HttpResponse, seconds: float, outcome: str, how: str = ""
) -> HttpResponse:
    answer["X-Cache"] = outcome
    timing = f"engine;dur={seconds * 1000:.2f}"
    answer["Server-Timing"] = f"{timing}, {how}" if how else timing
    answer["Cache-Control"] = "private, no-store"  # the engine's cache is the only one
    return answer
