"""batch: rows inserted in batches, against one by one and against a chunk loop by hand.

Both sides are before the same stand-in, which waits 20 ms before each answer, and write as the
service role. The chunk loop is what one writes with plain supabase-py: a hundred rows a call, and a
chunk that is refused is given up.
"""

import asyncio
import statistics
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import uvloop
from postgrest.exceptions import APIError
from supabase import AsyncClient

from benchmarks.inprocess import MARK, Place, place, plain, timed
from benchmarks.measure import NotComparable
from benchmarks.report import Row
from canvalo.devstack.ports import LOOPBACK
from canvalo.devstack.tokens import USERS
from optimizer import (
    BatchOperationType,
    Config,
    batch_insert_records,
    batch_stream,
    open_engine,
)

LATENCY_MS = 20
_ALICE = USERS["alice"]
_CHUNK = 100
_BAD_EVERY = 100
Record = dict[str, Any]


def run(quick: bool) -> list[Row]:
    """Calls, milliseconds, rows and megabytes: ours, and those of plain supabase-py."""
    with (
        place(LATENCY_MS) as where,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop,
    ):
        return loop.run(_measure(where, quick))


async def _measure(where: Place, quick: bool) -> list[Row]:
    few, many, streamed = (200, 2_000, 10_000) if quick else (1_000, 10_000, 100_000)
    async with _engine(where.ours.url, where), plain(where) as client:
        rows = [
            *await _one_by_one(where, client, few),
            await _chunk_loop(where, client, many, 3 if quick else 5),
            *await _bad_rows(where, client, many),
        ]
    async with _engine(f"http://{LOOPBACK}:{where.ours.target}", where):
        return [*rows, await _memory(where, streamed)]


def _engine(url: str, where: Place) -> AbstractAsyncContextManager[Any]:
    """The engine before the relay; or, where memory is measured, without it: it is in this
    process."""
    config = Config(url, where.stack.anon_key, where.service_key, valkey_url=where.stack.valkey.url)
    return open_engine(config)


async def _one_by_one(where: Place, client: AsyncClient, count: int) -> list[Row]:
    records = list(_records(count))
    before = where.ours.requests, where.theirs.requests
    ours, _ = await timed(partial(_batch, records))
    theirs, _ = await timed(partial(_singly, client, records))
    calls = where.ours.requests - before[0], where.theirs.requests - before[1]
    _must_be_there(where, 2 * count)
    return [
        Row(f"calls for {count:,} rows: in batches, one by one", *calls, "<= 0.02"),
        Row(f"ms for {count:,} rows: in batches, one by one", ours, theirs, "<= 0.05"),
    ]


async def _chunk_loop(where: Place, client: AsyncClient, count: int, rounds: int) -> Row:
    """Medians; who is first alternates, and the table is emptied in between."""
    records = list(_records(count))
    works = partial(_batch, records), partial(_by_hand, client, records)
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(-1, rounds):  # the first round warms both and is not counted
        for side in (0, 1) if number % 2 else (1, 0):
            milliseconds, _ = await timed(works[side])
            taken[side].extend([milliseconds] if number >= 0 else [])
            _must_be_there(where, count)
    ours, theirs = map(statistics.median, taken)
    return Row(f"ms for {count:,} rows: in batches, chunk loop", ours, theirs, "<= 1.1")


async def _bad_rows(where: Place, client: AsyncClient, count: int) -> list[Row]:
    records = [r | _spoilt(n) for n, r in enumerate(_records(count))]
    good = count - count // _BAD_EVERY
    await _batch(records)
    ours = where.forget()
    await _by_hand(client, records)
    theirs = where.forget()
    return [
        Row("good rows stored, good rows given, with 1 % bad: in batches", ours, good, ">= 1"),
        Row("good rows stored, good rows given, with 1 % bad: chunk loop", theirs, good),
    ]


async def _memory(where: Place, count: int) -> Row:
    """What Python holds at most while rows stream through."""
    await _peak(1_000)  # modules, connections, caches
    ours, theirs = await _peak(count), await _peak(1_000)
    _must_be_there(where, count + 2_000)
    return Row(f"MB held at most: {count:,} streamed rows, 1,000", ours, theirs, "<= 1.25")


async def _peak(count: int) -> float:
    tracemalloc.start()
    stream = batch_stream(BatchOperationType.INSERT, "contacts", _arriving(count), _ALICE)
    done = 0
    async for outcome in stream:
        done += outcome.row is not None
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    if done != count:
        raise NotComparable(f"{done} of {count} streamed rows were stored")
    return peak


async def _arriving(count: int) -> AsyncIterator[Record]:
    for record in _records(count):
        yield record


async def _batch(records: list[Record]) -> None:
    await batch_insert_records("contacts", records, _ALICE)


async def _singly(client: AsyncClient, records: list[Record]) -> None:
    for record in records:
        await client.schema("api").table("contacts").insert(record).execute()


async def _by_hand(client: AsyncClient, records: list[Record]) -> None:
    for start in range(0, len(records), _CHUNK):
        chunk: Any = records[start : start + _CHUNK]
        try:
            await client.schema("api").table("contacts").insert(chunk).execute()
        except APIError:
            continue  # no word of which row was bad: the chunk is lost


def _records(count: int) -> Iterator[Record]:
    for n in range(count):
        yield {
            "owner_id": _ALICE,
            "name": f"{MARK} {n:06}",
            "email": f"person{n}@example.com",
            "company": "Example Ltd",
            "contact_type": "lead",
        }


def _spoilt(number: int) -> Record:
    return {"contact_type": "enemy"} if number % _BAD_EVERY == _BAD_EVERY // 2 else {}


def _must_be_there(where: Place, count: int) -> None:
    if (found := where.forget()) != count:
        raise NotComparable(f"{found} rows are there, not {count}")
