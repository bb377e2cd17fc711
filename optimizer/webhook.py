"""Supabase's database webhooks: what was written past the engine ends what is kept of it.

A touch sets stamps and removes no marker, so order and repetition do not matter. The promise begins
when a webhook is answered 2xx; TRUNCATE, DDL and changed policies send none, and there the TTL is
the bound.
"""

import hmac
import json
from decimal import Decimal
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.errors import HttpError
from pydantic import TypeAdapter, ValidationError

from optimizer import runtime
from optimizer.domain.facts import Operation
from optimizer.domain.grain.events import Event
from optimizer.domain.query import Change
from optimizer.errors import CacheUnavailable
from optimizer.schemas import told

router = Router(tags=["optimization"], auth=None)  # the secret below is the only way in
HEADER = "x-canvalo-secret"
MOST = 1000  # changes in one request


class Written(Schema):
    """One change as Supabase sends it."""

    type: Literal["INSERT", "UPDATE", "DELETE"]
    db_schema: str = Field(alias="schema", min_length=1, max_length=63)
    table: str = Field(min_length=1, max_length=63)
    record: dict[str, Any] | None = None
    old_record: dict[str, Any] | None = None


class Taken(Schema):
    """What was done."""

    changes: int = Field(description="Changes in the request.")


_BODY: TypeAdapter[list[Written]] = TypeAdapter(list[Written])


def _described() -> dict[str, Any]:
    """The body for the OpenAPI document: one change, or a list of them."""
    one = Written.model_json_schema()
    many = {"type": "array", "items": one, "maxItems": MOST}
    content = {"application/json": {"schema": {"anyOf": [one, many]}}}
    return {"requestBody": {"content": content, "required": True}}


@router.post(
    "/optimization/webhooks/supabase",
    response=told(Taken),
    summary="Supabase's webhooks",
    openapi_extra=_described(),
)
async def supabase(request: HttpRequest) -> Taken:
    """Take one change, or a list of them; `Authorization: Bearer SECRET` or `x-canvalo-secret`."""
    _require_secret(request)
    changes = _changes(request.body)
    try:
        await runtime.current().engine.take([_as_event(one) for one in changes], by="webhook")
    except CacheUnavailable as away:  # the sender tries again
        raise HttpError(503, str(away)) from away
    return Taken(changes=len(changes))


def _require_secret(request: HttpRequest) -> None:
    """Compare in constant time; without a secret of ours nobody may come in."""
    wanted = str(getattr(settings, "OPTIMIZATION_WEBHOOK_SECRET", "") or "")
    if not wanted:
        raise HttpError(503, "OPTIMIZATION_WEBHOOK_SECRET is not set, so no webhook is taken")
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    given = request.headers.get(HEADER, bearer)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise HttpError(401, "the webhook's secret is missing or wrong")


def _changes(body: bytes) -> list[Written]:
    try:
        found: Any = json.loads(body, parse_float=Decimal)  # as exact as it was sent
        changes = _BODY.validate_python(found if isinstance(found, list) else [found])
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise HttpError(422, f"no change of a row: {where}: {problem['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise HttpError(400, "the body is no JSON") from error
    if len(changes) > MOST:
        raise HttpError(413, f"more than {MOST} changes in one request")
    return changes


def _as_event(written: Written) -> Event:
    change = Change(written.db_schema, written.table, Operation(written.type.lower()))
    return Event(change, written.record, written.old_record)
