"""Reads the catalog anew when the database says that it has changed: `NOTIFY pgrst`."""

import asyncio
import logging

import psycopg
from psycopg import AsyncConnection

from .database import APPLICATION, Database
from .settings import Settings

CHANNEL = "pgrst"
_RELOADS = {"", "reload schema", "reload config"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0  # seconds between attempts to connect
_log = logging.getLogger(__name__)


async def listen(settings: Settings, database: Database) -> None:
    """Listen until cancelled; a lost connection is made anew."""
    pause = _FIRST_PAUSE
    while True:
        try:
            connecting = AsyncConnection.connect(
                settings.db_uri, autocommit=True, fallback_application_name=APPLICATION
            )
            async with await connecting as connection:
                await connection.execute(f"listen {CHANNEL}".encode())
                await database.reload()  # what changed before anybody listened
                pause = _FIRST_PAUSE
                await _follow(connection, database)
        except psycopg.Error as error:
            _log.warning("not listening for changes of the schema, trying again: %s", error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _follow(connection: AsyncConnection[tuple[object, ...]], database: Database) -> None:
    while True:
        # A migration sends one for each statement: those that came together are one reload.
        payloads = {n.payload.strip() async for n in connection.notifies(stop_after=1)}
        if payloads & _RELOADS:
            await database.reload()
