"""A web process with an engine of its own: each request is one read through supabase-py."""

import os
from contextlib import AsyncExitStack

from optimizer import Config, open_engine, supabase_client

CONFIG = Config(
    supabase_url=os.environ["EXACT_UPSTREAM"],
    anon_key="anon",
    service_role_key="service",
    valkey_url=os.environ["EXACT_VALKEY"],
)
opened = AsyncExitStack()


async def read(number: str) -> None:
    """Ask one question of four hundred."""
    async with supabase_client(user_id="alice") as client:
        rows = client.schema("api").table(f"t{int(number) % 3}").select("name")
        await rows.eq("id", number).execute()


async def app(scope, receive, send) -> None:
    """Open the engine when the server starts, close it when it ends, read in between."""
    if scope["type"] == "lifespan":
        await live(receive, send)
    else:
        if scope["path"] != "/ready":
            await read(scope["path"].removeprefix("/"))
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


async def live(receive, send) -> None:
    """The server's beginning and end."""
    await receive()
    await opened.enter_async_context(open_engine(CONFIG))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await opened.aclose()
    await send({"type": "lifespan.shutdown.complete"})
