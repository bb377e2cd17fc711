"""A simulated day: hit rate and read calls saved, on a clock that the simulation moves.

Alice, Bob and Carol each work a quarter of every hour, for eight hours. While at work each asks
every two seconds on average (a screen or an agent's turn asks several things), at random: 3 in 100
asks are writes to one of the four tables, the others read one of 16 lists, some far more often than
others (Zipf, exponent 1). Times to live are the tables' own, between 2 and 10 minutes. So entries
end by age between two visits and by everybody's writes within one. The seed fixes all of it.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from redis.asyncio import Redis
from supabase import AsyncClient

from benchmarks.inprocess import Place, must_agree, plain
from benchmarks.report import Row
from canvalo.devstack.tokens import USERS
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.conf import optimization_settings
from optimizer.domain.facts import Fact
from optimizer.door import Door
from optimizer.engine import Engine
from optimizer.upstream.client import make_client
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import SharedTransport, Terms, make_transport

_SEED = 20_261_124
_VISIT, _HOUR, _PAUSE = 900.0, 3600.0, 2.0  # s
_WRITES = 0.03
_FILTERS = {
    "contacts": ("contact_type", ("lead", "customer", "partner", "vendor"), "phone"),
    "projects": ("status", ("planned", "active", "paused", "done"), "budget"),
    "invoices": ("status", ("draft", "sent", "paid", "void"), "amount"),
    "appointments": ("", (), "location"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One list that is read, or one column that is written, `at` seconds into the day."""

    at: float
    user: str
    table: str
    equal: tuple[str, str] | None = None
    write: tuple[str, str] | None = None


class Clock:
    """Tells the day's time, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Count:
    """What the day came to."""

    reads: int = 0
    hits: int = 0
    sent: int = 0
    plain: int = 0
    keys: dict[tuple[str, str], str] = field(default_factory=dict)


async def rows(where: Place, hours: int) -> list[Row]:
    """The two figures of one day, in which every read was asked both ways."""
    count = await _live(where, list(asks(hours)))
    what = f"of a simulated day ({hours} h)"
    return [
        Row(f"hits, reads {what} (claim: 70-90% hits)", count.hits, count.reads, ">= 0.7"),
        Row(f"read calls {what} (claim: 50-80% fewer)", count.sent, count.plain, "<= 0.5"),
    ]


def asks(hours: int) -> Iterator[Ask]:
    """The day of all three in the order of time."""
    chance = random.Random(_SEED)
    day = [ask for user in USERS.values() for ask in _day_of(user, hours, chance)]
    return iter(sorted(day, key=lambda ask: ask.at))


def _day_of(user: str, hours: int, chance: random.Random) -> Iterator[Ask]:
    lists = _lists()
    chance.shuffle(lists)  # each has favourites of their own
    weights = [1 / rank for rank in range(1, len(lists) + 1)]
    for hour in range(hours):
        at = hour * _HOUR + chance.uniform(0, _HOUR - _VISIT)
        end = at + _VISIT
        while (at := at + chance.expovariate(1 / _PAUSE)) < end:
            if chance.random() < _WRITES:
                yield _write(at, user, chance)
            else:
                table, equal = chance.choices(lists, weights)[0]
                yield Ask(at, user, table, equal)


def _lists() -> list[tuple[str, tuple[str, str] | None]]:
    narrowed = [(t, (name, v)) for t, (name, values, _) in _FILTERS.items() for v in values]
    return [*((table, None) for table in _FILTERS), *narrowed]


def _write(at: float, user: str, chance: random.Random) -> Ask:
    table = chance.choice(list(_FILTERS))
    return Ask(at, user, table, write=(_FILTERS[table][2], str(chance.randrange(1, 1000))))


async def _live(where: Place, day: Sequence[Ask]) -> Count:
    clock, count = Clock(), Count()
    transport = make_transport(Terms())
    async with plain(where) as theirs, Redis.from_url(where.stack.valkey.url) as valkey:
        clients = _clients(where, transport, valkey, clock)
        for ask in day:
            clock.now = ask.at
            if ask.write:
                await _change(clients[ask.user], ask, count)
            else:
                await _read_both(where, clients[ask.user], theirs, ask, count)
    await transport.aclose()
    return count


def _clients(
    where: Place, transport: SharedTransport, valkey: Redis, clock: Clock
) -> dict[str, AsyncClient]:
    """The engine's own parts, with the day's clock; a client for each user."""
    settings = optimization_settings
    memory = MemoryTier(settings.cache_max_size, settings.cache_max_bytes)
    cache = TieredCache(memory, SharedTier(valkey), _unheard, clock)
    engine, verifier = Engine(cache, settings, _unheard), TokenVerifier("", None)
    return {
        user: make_client(
            where.ours.url,
            where.service_key,
            Door(engine, transport, verifier, "", user),
            None,
        )
        for user in USERS.values()
    }


def _unheard(_: Fact) -> None:
    """The relays count; nobody else needs to hear."""


async def _read_both(
    where: Place, ours: AsyncClient, theirs: AsyncClient, ask: Ask, count: Count
) -> None:
    sent, plainly = where.ours.requests, where.theirs.requests
    answer = await _query(ours, ask).request.send(httpx.Headers())
    expected = (await _query(theirs, ask).execute()).data
    must_agree(answer.json(), expected)
    count.reads += 1
    count.hits += answer.headers["x-cache"] == "hit"
    count.sent += where.ours.requests - sent
    count.plain += where.theirs.requests - plainly
    if expected:
        count.keys[ask.user, ask.table] = expected[0]["id"]


async def _change(client: AsyncClient, ask: Ask, count: Count) -> None:
    """Change a row that the user has seen; who has seen none of the table does not write yet."""
    key = count.keys.get((ask.user, ask.table))
    if key is not None and ask.write is not None:
        rows = client.schema("api").table(ask.table)
        await rows.update(dict([ask.write])).eq("id", key).eq("owner_id", ask.user).execute()


def _query(client: AsyncClient, ask: Ask) -> Any:
    query = client.schema("api").table(ask.table).select("*").eq("owner_id", ask.user)
    if ask.equal:
        query = query.eq(*ask.equal)
    return query.order("created_at").order("id").limit(50)
