"""What a table's settings promise: strict, shared answers, old answers while Supabase fails."""

import asyncio

import pytest

from optimizer import session
from optimizer.domain import causal
from optimizer.domain import scope as scopes
from optimizer.domain.facts import ChangeMade, Operation, ReadOutcome
from optimizer.domain.grain.requests import Write
from optimizer.domain.query import Change
from optimizer.domain.tags import of_user
from optimizer.domain.ttl import SharedBy, TablePolicy
from optimizer.errors import FenceUnavailable, UpstreamError
from tests.optimizer.engines import BYPASS, ERROR, HIT, INSERT, MISS, read
from tests.optimizer.waiting import until

STALE = ReadOutcome.STALE


@pytest.fixture
def engine(process):
    """One process's engine."""
    return process()


def token(sub="alice", **claims):
    """A verified token's scope."""
    return scopes.from_claims({"role": "authenticated", "sub": sub, **claims})


# ---- strict


@pytest.mark.parametrize("operation", [Operation.INSERT, Operation.DELETE, Operation.RPC])
async def test_a_strict_table_s_write_is_refused_where_nobody_can_be_told(
    process, wire, supabase_table, policies, facts, operation
):
    """Also one whose reach is not known: it may be that table's."""
    policies.table, policies.any_strict = TablePolicy(300, strict=True), True
    engine = process(wire.url)
    await wire.cut()
    with pytest.raises(FenceUnavailable):
        await engine.change(
            Write(Change("api", "contacts", operation)), supabase_table.write(b"new")
        )
    assert (supabase_table.calls, facts.of(ChangeMade)) == (0, [])
    wire.mend()
    await engine.change(INSERT, supabase_table.write(b"new"))
    assert supabase_table.value == b"new"


async def test_a_narrow_write_elsewhere_goes_through(process, wire, supabase_table, policies):
    """It touches no strict table."""
    policies.any_strict = True
    engine = process(wire.url)
    await wire.cut()
    await engine.change(INSERT, supabase_table.write(b"new"))
    assert supabase_table.value == b"new"


# ---- tokens


async def test_a_write_s_token_makes_it_seen(process, supabase_table):
    """In another process, which has not heard of it."""
    one, other = process(), process()
    await read(one, supabase_table)
    await one._cache.shared.history.catch_up(lambda: 1e12, 1.0)  # serves L1 unasked
    done = await other.change(INSERT, supabase_table.write(b"new"))
    assert await read(one, supabase_table) == (b"old", HIT)
    with session.after(done.token):
        assert await read(one, supabase_table) == (b"new", MISS)


async def test_a_session_collects_the_token_of_its_last_write(process, wire, supabase_table):
    """Once a write passed Valkey by, only Supabase can tell, whatever is written after."""
    engine = process(wire.url)
    with session.after() as current:
        first = await engine.change(INSERT, supabase_table.write(b"1"))
        second = await engine.change(INSERT, supabase_table.write(b"2"))
        assert current.token == second.token != first.token
        await wire.cut()
        assert (await engine.change(INSERT, supabase_table.write(b"3"))).token == causal.BYPASS
        wire.mend()
        await engine.change(INSERT, supabase_table.write(b"4"))
        assert current.token == causal.BYPASS
    with session.after(causal.BYPASS):
        assert (await read(engine, supabase_table))[1] is BYPASS


async def test_a_write_of_unknown_outcome_has_no_token_but_bypass(engine, supabase_table):
    """A 5xx may have taken effect."""
    supabase_table.status = 502
    assert (await engine.change(INSERT, supabase_table.write(b"new"))).token == causal.BYPASS


# ---- who shares


@pytest.mark.parametrize(
    ("by", "other", "shares"),
    [
        (SharedBy.CALLER, token(org="x"), False),
        (SharedBy.USER, token(org="x"), True),
        (SharedBy.USER, token("bob"), False),
        (SharedBy.USER, token(role="service_role"), False),
        (SharedBy.ROLE, token("bob", org="x"), True),
        (SharedBy.ROLE, token(role="service_role"), False),
        (SharedBy.ROLE, scopes.from_user_id("alice"), False),
        (SharedBy.ROLE, scopes.from_key("sb_secret_x"), False),
    ],
)
async def test_who_shares_an_answer(engine, supabase_table, policies, by, other, shares):
    """By the table's settings, and never with another role, a key, or a process's own word."""
    policies.table = TablePolicy(300, shared_by=by)
    await read(engine, supabase_table, token())
    supabase_table.value = b"other's"
    answer = await read(engine, supabase_table, other)
    assert answer == ((b"old", HIT) if shares else (b"other's", MISS))


@pytest.mark.parametrize("scope", [token(), scopes.from_user_id("alice")], ids=["token", "id"])
async def test_a_user_s_answers_can_be_ended_by_themselves(engine, supabase_table, scope):
    """Whichever way the user was known; others keep theirs."""
    for who in (scope, token("bob")):
        await read(engine, supabase_table, who)
    await engine.touch([of_user(scopes.hash_user("alice"))])
    assert (await read(engine, supabase_table, scope))[1] is MISS
    assert (await read(engine, supabase_table, token("bob")))[1] is HIT


# ---- while Supabase fails


@pytest.fixture
def helping(policies):
    """An answer helps out for a minute beyond its TTL."""
    policies.table = TablePolicy(300, stale_if_error=60)


@pytest.mark.usefixtures("helping")
@pytest.mark.parametrize("failure", ["breaks off", "503"])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_an_old_answer_helps_out_and_says_so(process, supabase_table, clock, failure, where):
    """From either tier, after its TTL, and after somebody else's write."""
    engine, writer = process(), process()
    reader = engine if where == "here" else process()
    await read(engine, supabase_table)
    await writer.change(INSERT, supabase_table.write(b"new"))
    supabase_table.status = 503 if failure == "503" else 200
    supabase_table.error = None if failure == "503" else UpstreamError("reset")
    assert await read(reader, supabase_table) == (b"old", STALE)
    clock.now += 359
    assert await read(reader, supabase_table) == (b"old", STALE)


async def _fails(engine, table):
    """Whether a read is told that Supabase fails."""
    table.status = 503
    return (await read(engine, table))[1] is ERROR


@pytest.mark.usefixtures("helping")
async def test_never_to_who_wrote_it(engine, supabase_table):
    """The writer's own process has seen better."""
    await read(engine, supabase_table)
    await engine.change(INSERT, supabase_table.write(b"new"))
    assert await _fails(engine, supabase_table)


@pytest.mark.usefixtures("helping")
async def test_never_to_a_token(process, supabase_table):
    """It asks for what the old answer lacks."""
    engine, writer = process(), process()
    await read(engine, supabase_table)
    done = await writer.change(INSERT, supabase_table.write(b"new"))
    with session.after(done.token):
        assert await _fails(engine, supabase_table)


async def test_never_of_a_strict_table_and_never_for_too_long(
    process, supabase_table, policies, clock
):
    """Nor where nobody allowed it."""
    engine = process()
    await read(engine, supabase_table)
    clock.now += 301
    assert await _fails(engine, supabase_table)
    policies.table = TablePolicy(300, stale_if_error=60, strict=True)
    assert await _fails(engine, supabase_table)
    policies.table = TablePolicy(300, stale_if_error=60)
    clock.now += 60
    assert await _fails(engine, supabase_table)


@pytest.mark.usefixtures("helping")
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_is_no_failure(process, supabase_table, status):
    """Who has lost the right to read is not helped out."""
    engine, writer = process(), process()
    await read(engine, supabase_table)
    await writer.change(INSERT, supabase_table.write(b"new"))
    supabase_table.status = status
    assert (await read(engine, supabase_table))[1] is ERROR


# ---- one fetch for all processes


async def test_equal_misses_of_four_processes_are_one_fetch(process, supabase_table):
    """However many ask in each."""
    engines = [process() for _ in range(4)]
    supabase_table.gate.clear()
    asked = [
        asyncio.create_task(read(engine, supabase_table)) for engine in engines for _ in range(25)
    ]
    await supabase_table.asked.wait()
    supabase_table.gate.set()
    answers = await asyncio.gather(*asked)
    assert supabase_table.calls == 1
    assert {body for body, _ in answers} == {b"old"}


async def test_a_fetch_that_fails_is_taken_over(process, supabase_table):
    """Nobody waits for one that will not come."""
    one, other = process(), process()
    supabase_table.gate.clear()
    supabase_table.error = UpstreamError("reset")
    first = asyncio.create_task(read(one, supabase_table))
    await supabase_table.asked.wait()
    second = asyncio.create_task(read(other, supabase_table))
    supabase_table.gate.set()
    with pytest.raises(UpstreamError):
        await first
    with pytest.raises(UpstreamError):
        await second
    assert supabase_table.calls == 2


async def test_a_fetch_slower_than_its_lease_is_one_a_process(process, supabase_table):
    """Whoever waits has a bound, too."""
    engines = [process() for _ in range(3)]
    for engine in engines:
        fetches = engine._cache._fetches
        fetches.fetcher = type(fetches.fetcher)(fetches.fetcher.name, 0.05)
    supabase_table.gate.clear()
    asked = [
        asyncio.create_task(read(engine, supabase_table)) for engine in engines for _ in range(20)
    ]
    await until(lambda: supabase_table.calls == 3)
    supabase_table.gate.set()
    await asyncio.gather(*asked)
    assert supabase_table.calls == 3


async def test_who_waits_for_another_process_does_not_take_what_a_write_outdated(
    process, supabase_table
):
    """It looks again, and by then other stamps stand."""
    one, other, writer = process(), process(), process()
    supabase_table.gate.clear()
    first = asyncio.create_task(read(one, supabase_table))
    await supabase_table.asked.wait()
    waiting = asyncio.create_task(read(other, supabase_table))
    await asyncio.sleep(0.02)  # it has looked once or more; whether it has changes nothing
    supabase_table.gate.set()
    await writer._cache.shared.history.begin("w", ["r:api.contacts"])
    supabase_table.value = b"new"
    await writer._cache.shared.history.end("w", ["r:api.contacts"])
    assert (await read(other, supabase_table))[0] == b"new"
    assert (await first)[0] == b"old"
    assert (await waiting)[0] in (b"old", b"new")
    assert (await read(one, supabase_table))[0] == b"new"
