"""`GET /health/…`: does this process live, reach what it needs, and is the recurring work done?"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis.exceptions import RedisError

from canvalo import watch
from optimizer.alerts.watch import WORK, broken_rules
from optimizer.runtime import current
from optimizer.version import __version__

LIMIT = 2.0  # s for each part
AWAY = (OSError, TimeoutError, RedisError, DatabaseError)
QUEUE = "celery"  # Celery's own name of its list
Parts = dict[str, str]
T = TypeVar("T")


async def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while this process answers at all."""
    return _said({})


async def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 where database and Valkey answer, else 503; names no address and no secret."""
    return _said(await _stores())


async def deep(request: HttpRequest) -> JsonResponse:
    """Also 503 where snapshots, judging or delivery are overdue, or a rule cannot be judged."""
    parts = await _stores()
    if "away" not in parts.values():
        parts |= await _recurring()
    return _said(parts)


async def _stores() -> Parts:
    asked = {"database": asyncio.to_thread(_ask_database), "valkey": _ask_valkey()}
    found = await asyncio.gather(*map(_answer, asked.values()))
    up = [answer is not None for answer in found]
    return {name: "ok" if there else "away" for name, there in zip(asked, up, strict=True)}


async def _recurring() -> Parts:
    late = await _answer(sync_to_async(_late)())
    if late is None:
        return {"database": "away"}
    parts = {name: "late" if name in late else "ok" for name in WORK}
    broken = await _answer(sync_to_async(broken_rules)())
    parts["rules"] = "broken" if broken else "ok"
    return parts | (await _whose_fault() if late else {})


async def _whose_fault() -> Parts:
    """A dead worker leaves tasks in the queue; without beat nothing comes into it."""
    waiting = await _answer(current().valkey.llen(QUEUE))
    return {"suspect": "worker" if waiting else "beat"}


def _late() -> list[str]:
    return [one.name for one in watch.overdue_now(timezone.now())]


def _said(parts: Parts) -> JsonResponse:
    well = set(parts.values()) <= {"ok"}
    body = {"status": "ok" if well else "degraded", "version": __version__, **parts}
    return JsonResponse(body, status=200 if well else 503)


async def _ask_valkey() -> bool:
    return bool(await current().valkey.ping())


def _ask_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread has a connection of its own
    return True


async def _answer(question: Awaitable[T]) -> T | None:
    """What came back; None where nothing did in time.

    A thread that waits longer cannot be ended, and is left.
    """
    asked = asyncio.ensure_future(question)
    done, _ = await asyncio.wait({asked}, timeout=LIMIT)
    if not done:
        asked.add_done_callback(_came)
        return None
    return _came(asked)


def _came(asked: "asyncio.Future[T]") -> T | None:
    """What came; raises what is no sign of a store that is away."""
    if asked.cancelled():  # the server stops
        return None
    error = asked.exception()
    if error is not None and not isinstance(error, AWAY):
        raise error
    return None if error is not None else asked.result()
