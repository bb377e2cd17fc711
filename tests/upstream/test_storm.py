"""Thousands of mixed requests through an edge that fails one time in ten, checked in PostgreSQL."""

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import pytest
from postgrest.exceptions import APIError

from optimizer.errors import OutcomeUnknown, PoolError, UpstreamError
from tests.optimizer.waiting import until
from tests.upstream.faulty import ALL, Fault

AT_ONCE = 50
SHARE = 0.1  # of the requests that meet a fault
FAULTS = [fault for fault in ALL if fault is not Fault.NONE]
USERS = ("alice", "bob", "carol")


@dataclass
class Log:
    """What the callers were told: of each row that was written, and of all reads."""

    written: dict[str, str] = field(default_factory=dict)  # name → done, failed, unknown
    reads: Counter = field(default_factory=Counter)
    slowest: float = 0.0


class Storm:
    """Callers who read and write through an engine; all chance comes from one seed."""

    def __init__(self, engine, token_for, mark, seed=7):
        self._pool, self._mark = engine.pool, mark
        self._tokens = {user: token_for(user) for user in USERS}
        self._chance = random.Random(seed)
        self.log = Log()

    async def blow(self, requests):
        """Send so many, fifty at a time."""
        numbers = iter(range(requests))
        await asyncio.gather(*(self._work(numbers) for _ in range(AT_ONCE)))

    async def _work(self, numbers):
        for number in numbers:
            start = time.monotonic()
            token = self._tokens[self._chance.choice(USERS)]
            async with self._pool.get_connection(jwt_token=token) as client:
                table = client.schema("api").table("contacts")
                await self._one(table, number, self._chance.random())
            self.log.slowest = max(self.log.slowest, time.monotonic() - start)

    async def _one(self, table, number, die):
        name = f"{self._mark}-{number}"
        row = {"id": str(uuid.uuid4()), "name": name}
        if die < 0.6:
            await self._read(table.select("id,name").limit(10))
        elif die < 0.8:
            await self._write(name, table.insert({"name": name}))
        elif die < 0.9:
            await self._write(name, table.upsert(row, on_conflict="id"))
        else:
            await self._write(name, table.insert(row, returning="minimal"))

    async def _read(self, query):
        try:
            ok = len((await query.execute()).data) == 10
        except (UpstreamError, PoolError, APIError):
            ok = False
        self.log.reads[ok] += 1

    async def _write(self, name, query):
        try:
            await query.execute()
            told = "done"
        except OutcomeUnknown:
            told = "unknown"
        except (UpstreamError, PoolError, APIError):
            told = "failed"
        self.log.written[name] = told


async def restart(edge, times):
    """Take the edge down for a moment, now and then, while requests come in."""
    for _ in range(times):
        at = len(edge.seen) + 150
        await until(lambda at=at: len(edge.seen) >= at, within=60)
        await edge.stop()
        await asyncio.sleep(0.1)  # the outage
        await edge.start()


def must_agree(log, stored):
    """Every acknowledged write is there once, every failed one absent, every other one named."""
    found = {name: len(notes) for name, notes in stored.items()}
    assert {n: found.get(n, 0) for n, told in log.written.items() if told == "done"} == {
        n: 1 for n, told in log.written.items() if told == "done"
    }
    assert [n for n, told in log.written.items() if told == "failed" and n in found] == []
    assert {n: many for n, many in found.items() if many > 1} == {}
    assert found.keys() <= log.written.keys()


@pytest.mark.parametrize(
    ("requests", "restarts"), [(600, 0), pytest.param(10_000, 10, marks=pytest.mark.slow)]
)
async def test_no_write_is_lost_doubled_or_wrongly_reported(
    engine, edge, token_for, mark, stored, requests, restarts
):
    """Reads succeed; the fate of each write is what its caller was told; all end in time."""
    chance = random.Random(11)
    edge.choose = lambda _: chance.choice(FAULTS) if chance.random() < SHARE else Fault.NONE
    storm = Storm(engine, token_for, mark)
    restarting = asyncio.create_task(restart(edge, restarts))
    await storm.blow(requests)
    await restarting
    log = storm.log
    must_agree(log, stored())
    told = Counter(log.written.values())
    print(f"reads {dict(log.reads)}, writes {dict(told)}, slowest {log.slowest:.1f} s")
    assert sum(log.reads.values()) + len(log.written) == requests
    assert log.reads[True] >= 0.999 * sum(log.reads.values())
    assert told["done"] > 0.8 * len(log.written)
    assert log.slowest < engine.settings.request_deadline + 1
    assert engine.transport.gate.in_flight == 0
    assert edge.open_connections <= engine.settings.pool_max_connections
