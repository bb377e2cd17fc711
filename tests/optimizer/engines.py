"""A table behind an engine, and engines of several processes over one Valkey."""

import asyncio
from dataclasses import dataclass, field

from optimizer.domain import scope as scopes
from optimizer.domain.answer import Answer, Call
from optimizer.domain.facts import Operation, ReadOutcome
from optimizer.domain.grain.requests import Write
from optimizer.domain.query import Change, Read
from optimizer.domain.tags import EVERYTHING, of_relation
from optimizer.domain.ttl import TablePolicy
from optimizer.errors import UpstreamError

ALICE = scopes.from_key("alice")
QUESTION = Read("api", "contacts", "GET", (), (), False)
INSERT = Write(Change("api", "contacts", Operation.INSERT))
TAGS = [EVERYTHING, of_relation("api.contacts")]
HIT, MISS, BYPASS, ERROR = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.BYPASS, ReadOutcome.ERROR


@dataclass
class Policies:
    """The settings, as a test wants them."""

    cache_enabled: bool = True
    cache_max_size: int = 100
    any_strict: bool = False
    cache_refresh_ahead: bool = False
    access_log: bool = False
    generation: object = None
    table: TablePolicy = field(default_factory=lambda: TablePolicy(300))

    def policy(self, relation):
        """The same for all."""
        return self.table


class Supabase:
    """A table with one value; reads and writes take as long as the test says."""

    def __init__(self):
        self.value = b"old"
        self.status = 200
        self.error = None
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def _answer(self, body):
        self.calls += 1
        self.asked.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Answer(self.status, (), body)

    def read(self):
        """A call that reads."""
        return Call(lambda: self._answer(self.value))

    def write(self, value):
        """A call that writes: it takes effect when it arrives, whatever is answered."""

        async def send():
            self.value = value
            return await self._answer(b"")

        return Call(send, 7)


async def read(engine, table, scope=ALICE, question=QUESTION):
    """Ask; the body and how it was come by."""
    served = await engine.read(question, scope, table.read())
    return served.answer.body, served.outcome


async def lost(engine, table, how):
    """A write that takes effect though its caller never learns it."""
    table.error = UpstreamError("reset") if how == "broke off" else None
    table.status = 504 if how == "gateway" else 200
    if how in ("cancelled", "too slow"):
        table.gate.clear()
    task = asyncio.create_task(engine.change(INSERT, table.write(b"new")))
    await table.asked.wait()
    if how == "cancelled":
        task.cancel()
    results = await asyncio.gather(task, return_exceptions=True)
    table.error, table.status = None, 200
    table.gate.set()
    return results[0]


LOST = ["broke off", "gateway", "cancelled", "too slow"]
