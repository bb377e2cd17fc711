"""Sends database webhooks, in the form of Supabase's, in the order in which rows were written."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import psycopg
from psycopg import AsyncConnection

_CHANNEL = "canvalo_webhooks"
_SWITCH = b"update canvalo_webhooks.switch set is_on = %s"
_NEXT = b"select id, body::text from canvalo_webhooks.outbox order by id limit 100"
_DONE = b"delete from canvalo_webhooks.outbox where id = %s"
PAUSES = (0.1, 0.5, 2.0)  # seconds between the attempts for one row
_RECONNECT = 1.0  # seconds
_LOOK_AGAIN = 5.0  # seconds; a notification may be lost with its connection
_TIMEOUT = 10.0  # seconds for one attempt
_log = logging.getLogger(__name__)
Connection = AsyncConnection[tuple[Any, ...]]
Send = Callable[[str], Awaitable[None]]


async def forward(
    db_uri: str, url: str, secret: str | None, pauses: tuple[float, ...] = PAUSES
) -> None:
    """Send what is written, until cancelled; the outbox fills only as long as this runs."""
    headers = {"Content-Type": "application/json"}
    if secret:
        headers |= {"Authorization": f"Bearer {secret}", "x-canvalo-secret": secret}
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
        while True:
            try:
                async with _switched_on(db_uri) as connection:
                    await _follow(connection, partial(_send, client, url, pauses))
            except psycopg.Error as error:
                _log.warning("webhooks: no database, trying again: %s", error)
            await asyncio.sleep(_RECONNECT)


@asynccontextmanager
async def _switched_on(db_uri: str) -> AsyncIterator[Connection]:
    async with await AsyncConnection.connect(db_uri, autocommit=True) as connection:
        await connection.execute(f"listen {_CHANNEL}".encode())
        await connection.execute(_SWITCH, [True])
        try:
            yield connection
        finally:
            if not connection.broken:
                await connection.execute(_SWITCH, [False])


async def _follow(connection: Connection, send: Send) -> None:
    while True:
        await _empty(connection, send)
        async for _ in connection.notifies(timeout=_LOOK_AGAIN, stop_after=1):
            pass


async def _empty(connection: Connection, send: Send) -> None:
    while rows := await (await connection.execute(_NEXT)).fetchall():
        for entry, body in rows:
            await send(str(body))
            await connection.execute(_DONE, [entry])


async def _send(client: httpx.AsyncClient, url: str, pauses: tuple[float, ...], body: str) -> None:
    """Send one row; one that nobody takes is given up, so that the next ones get their turn."""
    for pause in (*pauses, None):
        try:
            answer = await client.post(url, content=body.encode())
            if answer.is_success:
                return
            failure = f"status {answer.status_code}"
        except httpx.HTTPError as error:
            failure = repr(error)
        if pause is None:
            _log.error("webhooks: gave up a row after %d attempts: %s", len(pauses) + 1, failure)
        else:
            await asyncio.sleep(pause)
