"""The engine inside the bench's own process, beside plain supabase-py, before one stand-in."""

import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from supabase import AsyncClient, acreate_client
from supabase.lib.client_options import AsyncClientOptions

from benchmarks.measure import NotComparable
from benchmarks.relay import Relay, relay
from benchmarks.stack import Stack

MARK = "bench-scenario"  # how the names of the rows begin that a bench writes
Work = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the two sides work: the same stand-in, each by a relay that counts its calls."""

    stack: Stack
    ours: Relay
    theirs: Relay

    @property
    def service_key(self) -> str:
        """The key with which code in process speaks; it filters by owner itself."""
        return self.stack.secrets["STANDIN_SERVICE_ROLE_KEY"]

    async def plain_client(self, token: str | None) -> AsyncClient:
        """A client of plain supabase-py with its own defaults: a user's, or the service's."""
        if token is None:
            return await acreate_client(self.theirs.url, self.service_key)
        options = AsyncClientOptions(headers={"Authorization": f"Bearer {token}"})
        return await acreate_client(self.theirs.url, self.stack.anon_key, options)

    def forget(self) -> int:
        """Delete what the bench wrote, and say how many rows that was."""
        with psycopg.connect(self.stack.supabase_database) as database:
            query = "delete from api.contacts where name like %s"
            return database.execute(query, [f"{MARK}%"]).rowcount


@contextmanager
def place(latency_ms: int) -> Iterator[Place]:
    """Start everything and make Django in this process use it, for the rest of its life."""
    with Stack() as stack:
        stack.migrate()
        with before(stack, latency_ms) as where:
            use(stack, where.ours.url)
            yield where


@contextmanager
def before(stack: Stack, latency_ms: int) -> Iterator[Place]:
    """Start one more stand-in, and a relay for each side before it."""
    port = stack.standin(latency_ms)
    with relay(port) as ours, relay(port) as theirs:
        yield Place(stack, ours, theirs)


@asynccontextmanager
async def plain(where: Place, token: str | None = None) -> AsyncIterator[AsyncClient]:
    """Lend a plain client, open for the length of a block."""
    client = await where.plain_client(token)
    try:
        yield client
    finally:
        await client.postgrest.aclose()


async def medians(
    ours: Work, theirs: Work, rounds: int, before: Work | None = None
) -> tuple[float, float]:
    """Milliseconds, median of each side; warm, alternating, answers compared in every round.

    `before` is done ahead of each of our works and is not timed.
    """
    taken: dict[Work, list[float]] = {ours: [], theirs: []}
    for number in range(-2, rounds):  # two rounds warm both sides and are not counted
        answers = []
        for work in (ours, theirs) if number % 2 else (theirs, ours):
            if before is not None and work is ours:
                await before()
            milliseconds, answer = await timed(work)
            answers.append(answer)
            taken[work] += [milliseconds] if number >= 0 else []
        must_agree(*answers)
    return statistics.median(taken[ours]), statistics.median(taken[theirs])


def must_agree(one: object, other: object) -> None:
    """Raise NotComparable where the two sides did not answer alike."""
    if one != other:
        raise NotComparable("the engine and plain supabase-py answer differently")


async def timed(work: Work) -> tuple[float, Any]:
    """Milliseconds, and what the work returned."""
    start = time.perf_counter()
    answer = await work()
    return (time.perf_counter() - start) * 1000, answer


def forget_settings() -> None:
    """Drop what a developer has set, which would make it another product."""
    for name in [name for name in os.environ if name.startswith("OPTIMIZATION_")]:
        del os.environ[name]


def use(stack: Stack, supabase_url: str) -> None:
    """Make Django in this process use the stack, for the rest of its life."""
    environment = {**stack.environment(), "SUPABASE_URL": supabase_url}
    os.environ.clear()  # what a developer has set would make it another product
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="canvalo.settings")
    import django  # reads the environment when the settings are first used

    django.setup()
