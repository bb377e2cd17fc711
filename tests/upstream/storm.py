"""Callers who read and write by the thousand, and what PostgreSQL says of it afterwards."""

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

from postgrest.exceptions import APIError

from optimizer.errors import OutcomeUnknown, PoolError, UpstreamError

AT_ONCE = 50
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


def must_agree(log, stored):
    """Every acknowledged write is there once, every failed one absent, every other one named."""
    found = {name: len(notes) for name, notes in stored.items()}
    assert {n: found.get(n, 0) for n, told in log.written.items() if told == "done"} == {
        n: 1 for n, told in log.written.items() if told == "done"
    }
    assert [n for n, told in log.written.items() if told == "failed" and n in found] == []
    assert {n: many for n, many in found.items() if many > 1} == {}
    assert found.keys() <= log.written.keys()
