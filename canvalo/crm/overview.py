"""`GET /api/overview`: what a home screen shows, asked at once and put together without parsing."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from django.http import HttpRequest, HttpResponse
from ninja import Router
from supabase import AsyncClient

from canvalo.crm.answers import pass_on
from canvalo.crm.auth import SupabaseToken, token_of
from canvalo.crm.records import send
from canvalo.crm.schemas.answers import Overview
from canvalo.crm.tables import SCHEMA
from optimizer import supabase_client
from optimizer.schemas import told

router = Router(auth=SupabaseToken(), tags=["overview"])
Question = Callable[[Any], Any]
ROWS: Final = 5


@router.get("/overview", summary="What a home screen shows", response=told(Overview))
async def overview(request: HttpRequest) -> HttpResponse:
    """The newest contacts, active projects, invoices that wait, today's and later appointments."""
    start = time.perf_counter()
    questions = _questions(datetime.now(UTC))
    async with supabase_client(access_token=token_of(request)) as client:
        answers = await _ask_all(client, questions)
    return pass_on(_joined(dict(zip(questions, answers, strict=True))), time.perf_counter() - start)


def _questions(now: datetime) -> dict[str, tuple[str, Question]]:
    """Each part's table and how it is narrowed; a day long the same, so that it can be cached."""
    today = f"{now:%F}T00:00:00+00:00"
    return {
        "contacts": ("contacts", lambda q: q.order("created_at", desc=True)),
        "projects": ("projects", lambda q: q.eq("status", "active").order("updated_at", desc=True)),
        "open_invoices": ("open_invoices", lambda q: q.order("due_on")),
        "appointments": ("appointments", lambda q: q.gte("starts_at", today).order("starts_at")),
    }


async def _ask_all(
    client: AsyncClient, questions: Mapping[str, tuple[str, Question]]
) -> list[httpx.Response]:
    return await asyncio.gather(
        *(
            send(narrow(client.schema(SCHEMA).table(table).select("*")).order("id").limit(ROWS))
            for table, narrow in questions.values()
        )
    )


def _joined(answers: Mapping[str, httpx.Response]) -> httpx.Response:
    """One object of all parts; a part that was refused is the answer to the whole."""
    for answer in answers.values():
        if answer.status_code >= 400:
            return answer
    parts = (b'"%b":%b' % (name.encode(), answer.content) for name, answer in answers.items())
    outcomes = {answer.headers.get("x-cache", "bypass") for answer in answers.values()}
    # A hit only where every part is one; otherwise the part that took longest to come by.
    slowest = next(o for o in ("bypass", "miss", "coalesced", "stale", "hit") if o in outcomes)
    return httpx.Response(200, headers={"x-cache": slowest}, content=b"{%b}" % b",".join(parts))
