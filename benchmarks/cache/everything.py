"""All parts of the bench in turn, before one stack of real servers."""

import asyncio

import uvloop

from benchmarks.cache import (
    decorated,
    evictions,
    flatness,
    footprint,
    invalidation,
    packing,
    sharing,
    stampede,
    through_client,
    through_web,
)
from benchmarks.inprocess import use
from benchmarks.report import Row
from benchmarks.stack import Stack
from canvalo.devstack.ports import LOOPBACK
from optimizer import Config, open_engine


def rows(quick: bool) -> list[Row]:
    """Microseconds, calls, per cent or bytes: ours and theirs."""
    with Stack() as stack:
        stack.migrate()
        url = f"http://{LOOPBACK}:{stack.standin()}"
        use(stack, url)
        web = through_web.start(stack, url)
        found = [
            *stampede.rows(stack),
            *through_web.rows(web, stack.token("alice"), quick),
            *_on_uvloop(stack, url, quick),
        ]
    return [*found, *packing.rows(quick), *evictions.rows(quick), *flatness.rows(quick)]


def _on_uvloop(stack: Stack, url: str, quick: bool) -> list[Row]:
    """In the event loop in which the product is served."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        return loop.run(_in_process(stack, url, quick))


async def _in_process(stack: Stack, url: str, quick: bool) -> list[Row]:
    secrets = stack.secrets
    config = Config(
        url,
        stack.anon_key,
        secrets["STANDIN_SERVICE_ROLE_KEY"],
        secrets["STANDIN_JWT_SECRET"],
        valkey_url=stack.valkey.url,
    )
    async with open_engine(config) as engine:
        return [
            *await decorated.rows(quick),
            *await sharing.rows(engine, stack.valkey.url, quick),
            *await through_client.rows(engine, url, stack.anon_key, stack.token("alice"), quick),
            *await footprint.rows(engine, quick),
            *await invalidation.rows(engine, quick),  # last: it leaves a full server behind
        ]
