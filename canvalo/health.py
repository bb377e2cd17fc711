"""`GET /health`: is this process alive, and can it reach what it needs?"""

import asyncio
from collections.abc import Awaitable

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

from optimizer.runtime import current
from optimizer.version import __version__

LIMIT = 2.0  # s for each part


async def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 where database and Valkey answer, else 503; names no address and no secret."""
    parts = {
        "database": await _answers(sync_to_async(_ask_database)()),
        "valkey": await _answers(current().valkey.ping()),
    }
    well = all(parts.values())
    said = {name: "ok" if up else "away" for name, up in parts.items()}
    body = {"status": "ok" if well else "degraded", "version": __version__, **said}
    return JsonResponse(body, status=200 if well else 503)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _answers(question: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(question, LIMIT)
    except (OSError, TimeoutError, RedisError, DatabaseError):
        return False
    return True
