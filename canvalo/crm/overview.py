"""`GET /api/overview`: what a home screen shows, asked at once and put together without parsing."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Router

from canvalo.crm.answers import pass_on
from canvalo.crm.auth import SupabaseToken, token_of
from canvalo.crm.schemas.answers import Overview
from canvalo.crm.tables import SCHEMA
from optimizer import get_rows
from optimizer.cache.served import Served
from optimizer.domain.answer import Answer
from optimizer.domain.facts import ReadOutcome
from optimizer.schemas import told

router = Router(auth=SupabaseToken(), tags=["overview"])
ROWS: Final = 5
Params = Sequence[tuple[str, str]]
_SLOWEST_FIRST = (
    ReadOutcome.ERROR, ReadOutcome.BYPASS, ReadOutcome.MISS, ReadOutcome.COALESCED,
    ReadOutcome.STALE, ReadOutcome.HIT,
)  # fmt: skip


@router.get("/overview", summary="What a home screen shows", response=told(Overview))
async def overview(request: HttpRequest) -> HttpResponse:
    """The newest contacts, active projects, invoices that wait, today's and later appointments."""
    start, token = time.perf_counter(), token_of(request)
    parts = _questions(datetime.now(UTC))
    answers = await asyncio.gather(
        *(_ask(table, params, token) for table, params in parts.values())
    )
    whole = _joined(dict(zip(parts, answers, strict=True)))
    return pass_on(request, whole, time.perf_counter() - start)


def _questions(now: datetime) -> dict[str, tuple[str, Params]]:
    """Each part's table and how it is narrowed; a day long the same, so that it can be cached."""
    today = f"{now:%F}T00:00:00+00:00"
    active, coming = ("status", "eq.active"), ("starts_at", f"gte.{today}")
    return {
        "contacts": ("contacts", [("order", "created_at.desc,id.asc")]),
        "projects": ("projects", [active, ("order", "updated_at.desc,id.asc")]),
        "open_invoices": ("open_invoices", [("order", "due_on.asc,id.asc")]),
        "appointments": ("appointments", [coming, ("order", "starts_at.asc,id.asc")]),
    }


async def _ask(table: str, params: Params, token: str) -> Served:
    whole = [("select", "*"), *params, ("limit", str(ROWS))]
    return await get_rows(f"{SCHEMA}.{table}", whole, access_token=token)


def _joined(parts: Mapping[str, Served]) -> Served:
    """One object of all parts; a part that was refused is the answer to the whole.

    How it was come by is how the part was that took longest: a hit only where every part is one.
    """
    for part in parts.values():
        if part.answer.status >= 400:
            return part
    members = (b'"%b":%b' % (name.encode(), part.answer.plain()) for name, part in parts.items())
    slowest = min(parts.values(), key=lambda part: _SLOWEST_FIRST.index(part.outcome))
    return replace(slowest, answer=Answer(200, (), b"{%b}" % b",".join(members)))
