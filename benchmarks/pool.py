"""pool: what a call costs by the pool, against a client a call and one shared client; cache off."""

import asyncio
import statistics
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import uvloop
from supabase import AsyncClient, acreate_client
from supabase.lib.client_options import AsyncClientOptions

from benchmarks.inprocess import forget_settings, must_agree
from benchmarks.report import Row
from benchmarks.stack import Stack
from canvalo.devstack import tokens
from canvalo.devstack.ports import LOOPBACK
from optimizer import Config, open_engine, optimization_settings
from optimizer.wiring import Runtime

AT_ONCE = 50
USERS = 2000
Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sides:
    """The same question by the pool, by one shared client, and by a client that is made for it."""

    ours: Call
    shared: Call
    fresh: Call


def run(quick: bool) -> list[Row]:
    """CPU and latency in milliseconds, clients and descriptors in numbers."""
    forget_settings()
    optimization_settings.update(cache_enabled=False)
    with Stack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        try:
            return loop.run(_measure(stack, 10 if quick else 60))
        finally:
            optimization_settings.update(cache_enabled=None)


async def _measure(stack: Stack, rounds: int) -> list[Row]:
    url = f"http://{LOOPBACK}:{stack.standin()}"
    config = Config(
        url,
        stack.anon_key,
        jwt_secret=stack.secrets["STANDIN_JWT_SECRET"],
        valkey_url=stack.valkey.url,
    )
    await _first_connection(url)
    before = _descriptors()
    async with open_engine(config) as engine, _sides(engine, stack, url) as sides:
        rows = [
            *await _crowd(engine, stack, before),
            *await _cpu(sides, rounds),
            *await _latency(sides, rounds),
        ]
    await asyncio.sleep(0)  # a transport is closed in the loop's next turn
    return [*rows, Row("descriptors: after closing, before", _descriptors(), before, "<= 1")]


@asynccontextmanager
async def _sides(engine: Runtime, stack: Stack, url: str) -> AsyncIterator[Sides]:
    token = stack.token("alice")

    async def made() -> AsyncClient:
        options = AsyncClientOptions(headers={"Authorization": f"Bearer {token}"})
        return await acreate_client(url, stack.anon_key, options)

    one = await made()

    async def ours() -> object:
        async with engine.pool.get_connection(jwt_token=token) as client:
            return await _ask(client)

    async def fresh() -> object:
        client = await made()
        try:
            return await _ask(client)
        finally:
            await client.postgrest.aclose()

    try:
        yield Sides(ours, lambda: _ask(one), fresh)
    finally:
        await one.postgrest.aclose()


async def _ask(client: AsyncClient) -> object:
    """A page of fifty rows, as an application lists them."""
    query = client.schema("api").table("contacts").select("*").order("id").limit(50)
    return (await query.execute()).data


async def _cpu(sides: Sides, rounds: int) -> list[Row]:
    """CPU time of this thread a call, medians; the sides take turns, in batches."""
    taken: dict[Call, list[float]] = {sides.ours: [], sides.shared: [], sides.fresh: []}
    answers = [await call() for call in taken]
    must_agree(answers[0], answers[1])
    must_agree(answers[0], answers[2])
    for number in range(rounds * 10):
        for call in (sides.ours, sides.shared) if number % 2 else (sides.shared, sides.ours):
            taken[call].append(await _cpu_of(call, 5, plain=call is sides.shared))
    for _ in range(rounds):
        taken[sides.fresh].append(await _cpu_of(sides.fresh, 2, plain=True))
    ours, shared, fresh = (statistics.median(times) for times in taken.values())
    return [
        Row("CPU of a call, ms: ours, a client a call", ours, fresh, "<= 0.05"),
        Row("CPU of a call, ms: ours, one shared client", ours, shared, "<= 1.15"),
    ]


def _dress(plain: bool) -> None:
    """Let httpcore search for sniffio as it does where no engine spares it that."""
    if plain:
        sys.modules.pop("sniffio", None)
    else:
        sys.modules["sniffio"] = None  # type: ignore[assignment]


async def _cpu_of(call: Call, times: int, plain: bool) -> float:
    _dress(plain)
    start = time.thread_time()
    for _ in range(times):
        await call()
    return (time.thread_time() - start) * 1000 / times


async def _latency(sides: Sides, rounds: int) -> list[Row]:
    """What callers wait while fifty ask at once; ours, and those of the shared client."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours += await _waits(sides.ours, plain=False)
        theirs += await _waits(sides.shared, plain=True)
    return [
        Row(f"p{share} of {AT_ONCE} at once, ms: ours, one shared client", *pair)
        for share in (50, 99)
        for pair in [(_percentile(ours, share), _percentile(theirs, share))]
    ]


async def _waits(call: Call, plain: bool) -> list[float]:
    _dress(plain)

    async def timed() -> float:
        start = time.perf_counter()
        await call()
        return (time.perf_counter() - start) * 1000

    return list(await asyncio.gather(*(timed() for _ in range(AT_ONCE))))


def _percentile(values: Sequence[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


async def _crowd(engine: Runtime, stack: Stack, before: int) -> list[Row]:
    """Two thousand users, fifty of them at once, each with a token of its own."""
    secret = stack.secrets["STANDIN_JWT_SECRET"]
    users = iter(
        [tokens.mint(secret, role="authenticated", sub=str(uuid.uuid4())) for _ in range(USERS)]
    )
    held = most = 0

    async def work(mine: Iterator[str]) -> None:
        nonlocal held, most
        for token in mine:
            async with engine.pool.get_connection(jwt_token=token) as client:
                await client.schema("api").table("contacts").select("id").limit(1).execute()
                held = max(held, engine.pool.gauges.total)
            most = max(most, _descriptors())

    await asyncio.gather(*(work(users) for _ in range(AT_ONCE)))
    own = 2  # connections to Valkey, for the counts
    limit = optimization_settings.pool_max_connections
    return [
        Row(f"clients held for {USERS:,} users: most, limit", held, limit, "<= 1"),
        Row("descriptors opened for them: most, limit", most - before, limit + own, "<= 1"),
    ]


async def _first_connection(url: str) -> None:
    """With the first, the loop opens a descriptor that it keeps for itself."""
    _, writer = await asyncio.open_connection(LOOPBACK, urlsplit(url).port)
    writer.close()
    await writer.wait_closed()


def _descriptors() -> int:
    return psutil.Process().num_fds()
