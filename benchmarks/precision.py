"""precision: what survives a write, by rows and owners, against whole tables; what that costs."""

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from benchmarks.inprocess import forget_settings
from benchmarks.report import Row
from benchmarks.stack import Stack
from canvalo.devstack.ports import LOOPBACK
from optimizer import Config, open_engine, optimization_settings
from optimizer.conf import Overrides, TableOverride
from optimizer.domain.answer import Answer
from optimizer.domain.facts import Operation
from optimizer.domain.grain.reading import Caller
from optimizer.domain.grain.requests import write_of
from optimizer.domain.grain.schema import Declared, Schema
from optimizer.domain.grain.writing import narrowed, widest
from optimizer.domain.query import Change
from optimizer.wiring import Runtime

SEED = 20261125
USERS = ("alice", "bob")
DECLARED = Declared(
    sources=frozenset(), targets=frozenset(), rewritten=frozenset({"updated_at"}),
    owner_column="owner_id",
)  # fmt: skip


@dataclass(slots=True)
class Day:
    """What was answered on a day of reads and writes."""

    reads: int = 0
    hits: int = 0
    points: dict[str, int] = field(default_factory=lambda: {"asked": 0, "kept": 0})


def run(quick: bool) -> list[Row]:
    """Shares of reads that were hits, and microseconds."""
    forget_settings()
    with Stack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        try:
            return loop.run(_measure(stack, 150 if quick else 1000))
        finally:
            optimization_settings.adopt(Overrides())


async def _measure(stack: Stack, steps: int) -> list[Row]:
    config = Config(
        f"http://{LOOPBACK}:{stack.standin()}",
        stack.anon_key,
        stack.secrets["STANDIN_SERVICE_ROLE_KEY"],
        stack.secrets["STANDIN_JWT_SECRET"],
        valkey_url=stack.valkey.url,
    )
    async with open_engine(config) as engine:
        table = await _day(engine, stack, {}, steps)
        rows = await _day(engine, stack, {"api.contacts": TableOverride(declared=DECLARED)}, steps)
        schema = engine.schemata.schema
        cost = _decide(schema), _decide(Schema())
        tested = _decide(schema, _filters(100)), cost[1]
    kept = rows.points["kept"] / rows.points["asked"]
    return [
        Row("point reads that a write to another row leaves a hit, of all", kept, 1, ">= 0.95"),
        Row("hits of a write-heavy day: by rows and owners, by tables", *_shares(rows, table)),
        Row("hits of a write-heavy day: by rows and owners, uncached", _shares(rows, table)[0], 0),
        Row("µs to decide what an update of one row touches: by rows, by tables", *cost),
        Row("µs to decide, with 100 filters that reads are kept by: by rows, by tables", *tested),
    ]


def _shares(rows: Day, table: Day) -> tuple[float, float]:
    return rows.hits / rows.reads, table.hits / table.reads


async def _day(
    engine: Runtime, stack: Stack, declared: Mapping[str, TableOverride], steps: int
) -> Day:
    """Two users read rows and lists, and three of ten requests write; the same day each time."""
    optimization_settings.adopt(Overrides(tables=declared))
    engine.schemata.want()
    await engine.refresh_schema()
    await engine.engine.touch(["*"])
    chosen, day = random.Random(SEED), Day()
    ids = {user: await _ids(engine, stack, user) for user in USERS}
    for _ in range(steps):
        user = chosen.choice(USERS)
        if chosen.random() < 0.3:
            await _write_between(engine, stack, user, ids[user], chosen, day)
        elif chosen.random() < 0.5:
            await _read(engine, stack, user, f"eq.{chosen.choice(ids[user])}", day)
        else:
            await _read(engine, stack, user, None, day)
    return day


async def _write_between(
    engine: Runtime, stack: Stack, user: str, ids: list[str], chosen: random.Random, day: Day
) -> None:
    """A write to one row, and whether another row's answer lived through it."""
    one, other = chosen.sample(ids, 2)
    await _read(engine, stack, user, f"eq.{other}", Day())
    async with engine.pool.get_connection(jwt_token=stack.token(user)) as client:
        rows = client.schema("api").table("contacts")
        await rows.update({"phone": str(chosen.random())}).eq("id", one).execute()
    day.points["asked"] += 1
    day.points["kept"] += await _read(engine, stack, user, f"eq.{other}", Day())


async def _read(engine: Runtime, stack: Stack, user: str, row: str | None, day: Day) -> bool:
    """A row or a page of one user; whether it was a hit."""
    params = {"select": "*", "order": "name", "limit": "20"} if row is None else {"id": row}
    headers = {
        "authorization": f"Bearer {stack.token(user)}",
        "apikey": stack.anon_key,
        "accept-profile": "api",
    }
    async with engine.pool.get_connection(jwt_token=stack.token(user)) as client:
        url = f"{engine.config.supabase_url}/rest/v1/contacts"
        answer = await client.postgrest.session.get(url, params=params, headers=headers)
    answer.raise_for_status()
    hit = answer.headers["x-cache"] == "hit"
    day.reads += 1
    day.hits += hit
    return hit


async def _ids(engine: Runtime, stack: Stack, user: str) -> list[str]:
    async with engine.pool.get_connection(jwt_token=stack.token(user)) as client:
        query = client.schema("api").table("contacts").select("id").order("id").limit(30)
        found: list[Any] = (await query.execute()).data
    return [str(row["id"]) for row in found]


def _filters(number: int) -> tuple[str, ...]:
    """Filters of lists, which the row below fails."""
    return tuple(
        json.dumps([["created_at", f"gt.20{n // 12:02}-{n % 12 + 1:02}-01T00:00:00Z"]])
        for n in range(number)
    )


def _decide(schema: Schema, texts: tuple[str, ...] | None = None, rounds: int = 2000) -> float:
    """Microseconds for one write: what its marker covers, and what its answer narrows it to."""
    change = Change("api", "contacts", Operation.UPDATE)
    key = "00000000-0000-4000-8000-000000000001"
    headers = {"content-type": "application/json", "prefer": "return=representation"}
    answer = Answer(
        200,
        (("content-type", "application/json"), ("content-range", "0-0/*")),
        b'[{"id":"%s","phone":"1","created_at":"1999-01-01T00:00:00+00:00"}]' % key.encode(),
    )
    start = time.thread_time()
    for _ in range(rounds):
        write = write_of(change, f"id=eq.{key}", headers, b'{"phone":"1"}', Caller(key))
        widest(write, schema)
        narrowed(write, schema, answer, texts)
    return (time.thread_time() - start) / rounds * 1e6
