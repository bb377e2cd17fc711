"""`GET /health`: is this process alive, and can it reach what it needs?"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

from optimizer.runtime import current
from optimizer.version import __version__

LIMIT = 2.0  # s for each part


async def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 where database and Valkey answer, else 503; names no address and no secret."""
    parts = {
        "database": await _answers(asyncio.to_thread(_ask_database)),
        "valkey": await _answers(_ask_valkey()),
    }
    well = all(parts.values())
    said = {name: "ok" if up else "away" for name, up in parts.items()}
    body = {"status": "ok" if well else "degraded", "version": __version__, **said}
    return JsonResponse(body, status=200 if well else 503)


async def _ask_valkey() -> None:
    await current().valkey.ping()


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread has a connection of its own


async def _answers(question: Coroutine[Any, Any, object]) -> bool:
    """Whether it answers in time; a thread that waits longer cannot be ended, and is left."""
    asked = asyncio.create_task(question)
    done, _ = await asyncio.wait({asked}, timeout=LIMIT)
    if not done:
        asked.add_done_callback(_went_well)
        return False
    return _went_well(asked)


def _went_well(asked: asyncio.Task[Any]) -> bool:
    """Whether it went well; raises what is no sign of a store that is away."""
    if asked.cancelled():  # the server stops
        return False
    error = asked.exception()
    if error is not None and not isinstance(error, OSError | RedisError | DatabaseError):
        raise error
    return error is None
