"""Celery tasks that read: by the sync client, and in a loop that they end without closing it.

`celery -A tests.metrics.exact.jobs worker`. Nothing is delivered while it works: what the ledger
learns of more than the beginning, it learns when the worker is told to end.
"""

import asyncio

from canvalo.celery import app
from optimizer import supabase_client, supabase_client_sync, wiring

wiring.FLUSH_INTERVAL = 3600.0


@app.task(name="exact.sync")
def ask(number: int) -> None:
    """Ask one question twice: a miss and a hit."""
    with supabase_client_sync(user_id="alice") as client:
        rows = client.schema("api").table("t").select("name").eq("id", number)
        rows.execute()
        rows.execute()


@app.task(name="exact.loop")
def ask_in_a_loop(number: int) -> None:
    """The same in an event loop of its own."""
    asyncio.run(_ask(number))


async def _ask(number: int) -> None:
    async with supabase_client(user_id="alice") as client:
        rows = client.schema("api").table("t").select("name").eq("id", number)
        await rows.execute()
        await rows.execute()
