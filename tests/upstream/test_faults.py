"""Each fault of an edge: a read survives it, a write is done once or its doubt is told."""

import asyncio
import time
import uuid

import httpx
import pytest
from postgrest.exceptions import APIError

from optimizer.domain.facts import AttemptRepeated
from optimizer.errors import OutcomeUnknown, PoolFull, UpstreamError
from optimizer.upstream import client
from tests.optimizer.waiting import until
from tests.upstream.faulty import ALL, Fault

# Supabase carried the write out, and its answer was lost.
LOST = {Fault.LOST, Fault.RESET_DURING, Fault.SLOW_HEADERS, Fault.SLOW_BODY}
FINE = {Fault.NONE, Fault.CLOSE_AFTER, Fault.LIMIT, Fault.RESET_AFTER, Fault.TOO_MANY}
REFUSED = {Fault.AWAY, Fault.UNKNOWN_ERROR}


@pytest.fixture
def contacts(engine, token_for):
    """Runs a query on Alice's contacts, as supabase-py has it."""

    async def run(build):
        async with engine.pool.get_connection(jwt_token=token_for("alice")) as client:
            return await build(client.schema("api").table("contacts")).execute()

    return run


def once(edge, fault, method):
    """The first request of this method meets the fault, and all others none."""
    faults = iter([fault])
    edge.choose = lambda request: (
        next(faults, Fault.NONE) if request.line.startswith(method) else Fault.NONE
    )


@pytest.mark.parametrize("fault", ALL)
async def test_as_many_calls_are_counted_as_arrive(contacts, edge, engine, fault):
    """Those that are repeated too: Supabase counts every one."""
    once(edge, fault, "GET")
    for _ in range(3):
        await contacts(lambda table: table.select("id").limit(20))
    cells = engine.recorder.take().cells
    sent = [key for key in cells if key[1] == "sent" and key[2] in ("", "api.contacts")]
    asked = [line for line in edge.seen if "contacts" in line]
    assert sum(cells[key].count for key in sent) == len(asked)


@pytest.fixture
async def line_is_full(contacts, edge, engine):
    """A slow read has the one connection, and nobody may wait."""
    engine.settings.update(pool_max_connections=1, pool_max_waiting=0)
    once(edge, Fault.SLOW_HEADERS, "GET")
    reading = asyncio.create_task(contacts(lambda table: table.select("id").limit(1)))
    await until(lambda: edge.seen)
    yield
    await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.usefixtures("line_is_full")
async def test_what_is_refused_here_is_no_call(engine):
    """Supabase sees one request, and one is counted; the other says why."""
    with pytest.raises(PoolFull):
        async with engine.pool.get_connection() as client:
            await client.schema("api").table("contacts").select("id").execute()
    cells = engine.recorder.take().cells
    unsent = {key[2:6]: tally.count for key, tally in cells.items() if key[1] == "unsent"}
    assert unsent == {("api.contacts", "read", "line full", ""): 1}
    assert not any(key[1] == "sent" for key in cells)


@pytest.mark.parametrize("fault", ALL)
async def test_so_is_the_engine_s_own_question_for_the_schema(edge, engine, fault):
    """It is one that the engine added, with each of its attempts."""
    engine.schemata.want()
    once(edge, fault, "GET")
    await engine.refresh_schema()
    cells = engine.recorder.take().cells
    assert sum(cells[key].count for key in cells if key[1] == "sent") == len(edge.seen)


async def outcome(work):
    """What the caller is told of a write."""
    try:
        await work
    except OutcomeUnknown:
        return "unknown"
    except (UpstreamError, APIError):
        return "failed"
    return "done"


@pytest.mark.parametrize("fault", ALL)
async def test_a_read_survives_each(contacts, edge, fault):
    """And so does the one after it, which may meet what is left of the connection."""
    once(edge, fault, "GET")
    for _ in range(3):
        found = await contacts(lambda table: table.select("id").limit(20))
        assert len(found.data) == 20


@pytest.mark.parametrize("fault", ALL)
async def test_an_insert_is_done_once_or_its_doubt_is_told(contacts, edge, fault, mark, stored):
    """It is never sent twice where it may have been carried out."""
    once(edge, fault, "POST")
    told = await outcome(contacts(lambda table: table.insert({"name": mark})))
    expected = "done" if fault in FINE else "failed" if fault in REFUSED else "unknown"
    assert told == expected
    assert len(stored().get(mark, [])) == (fault in FINE | LOST)
    assert sum(line.startswith("POST") for line in edge.seen) == 1 + (fault is Fault.TOO_MANY)


@pytest.mark.parametrize("fault", ALL)
async def test_an_upsert_by_its_key_is_repeated_where_it_cannot_be_overtaken(
    contacts, edge, fault, mark, stored
):
    """The row names its key, so it meets itself; what is slow may still be running."""
    once(edge, fault, "POST")
    row = {"id": str(uuid.uuid4()), "name": mark}
    told = await outcome(contacts(lambda table: table.upsert(row, on_conflict="id")))
    slow = fault in (Fault.SLOW_HEADERS, Fault.SLOW_BODY)
    assert told == ("unknown" if slow else "done")
    assert len(stored()[mark]) == 1


async def test_a_repeated_upsert_keeps_its_marker(contacts, edge, engine, mark):
    """Its first attempt may still take effect, so nothing is cached until the marker expires."""
    row = {"id": str(uuid.uuid4()), "name": mark}
    write = contacts(lambda table: table.upsert(row, on_conflict="id"))
    once(edge, Fault.NONE, "POST")
    await write
    assert not await engine.valkey.keys("{canvalo}:m:*")
    once(edge, Fault.RESET_BEFORE, "POST")
    await contacts(lambda table: table.upsert(row, on_conflict="id"))
    assert await engine.valkey.keys("{canvalo}:m:*")


@pytest.mark.usefixtures("line_is_full")
async def test_a_write_that_is_refused_here_leaves_no_marker(engine):
    """Shedding load must not keep others from the cache for a minute."""
    with pytest.raises(PoolFull):
        async with engine.pool.get_connection() as client:
            await client.schema("api").table("contacts").insert({"name": "never"}).execute()
    assert not await engine.valkey.keys("{canvalo}:m:*")


async def test_a_pause_that_is_asked_for_is_kept(contacts, edge, engine):
    """Retry-After in seconds."""
    edge.retry_after = 1
    once(edge, Fault.TOO_MANY, "GET")
    start = time.monotonic()
    await contacts(lambda table: table.select("id").limit(1))
    assert time.monotonic() - start >= 1
    (repeated,) = [f for f in engine.recorder.facts if isinstance(f, AttemptRepeated)]
    assert (repeated.ended, repeated.pause >= 1) == ("429", True)


async def test_supabase_restarts_while_reads_are_under_way(contacts, edge):
    """Connections are reset, new ones refused for a moment, and no read fails."""

    async def read():
        return len((await contacts(lambda table: table.select("id").limit(5))).data)

    tasks = [asyncio.create_task(read()) for _ in range(30)]
    await until(lambda: edge.seen)
    await edge.stop()
    tasks += [asyncio.create_task(read()) for _ in range(5)]
    await asyncio.sleep(0.05)  # the outage
    await edge.start()
    assert await asyncio.gather(*tasks) == [5] * 35


async def test_postgrest_s_own_retry_adds_nothing(contacts, edge, engine):
    """Ours is the only one: five attempts, not twenty."""
    edge.choose = lambda _: Fault.AWAY
    with pytest.raises(APIError):
        await contacts(lambda table: table.select("id"))
    assert len(edge.seen) == engine.settings.retry_attempts == 5


async def test_nothing_outlives_its_deadline(contacts, edge, engine, monkeypatch):
    """Though each wait by itself might last for longer."""
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(30.0))
    engine.settings.update(request_deadline=1)
    edge.choose, edge.late = lambda _: Fault.SLOW_BODY, 5.0
    start = time.monotonic()
    with pytest.raises(UpstreamError):
        await contacts(lambda table: table.select("id"))
    with pytest.raises(OutcomeUnknown):
        await contacts(lambda table: table.insert({"name": "late"}))
    assert time.monotonic() - start < 4
