"""The one flow: who may be cached, how writes are fenced, and that everything is counted once."""

import asyncio

import pytest

from optimizer.cache import fence
from optimizer.cache.shared import Found
from optimizer.domain import scope as scopes
from optimizer.domain.facts import (
    CacheRead,
    CallUnsent,
    ChangeMade,
    HitsCounted,
    MissReason,
    Operation,
    UpstreamCall,
)
from optimizer.domain.grain.requests import Write
from optimizer.domain.query import Change, Read
from optimizer.domain.tags import of_relation
from optimizer.domain.ttl import TablePolicy
from optimizer.errors import (
    CircuitOpen,
    OutcomeUnknown,
    PoolFull,
    PoolTimeout,
    UpstreamError,
    UpstreamUnreachable,
)
from tests.optimizer.engines import (
    ALICE,
    BYPASS,
    ERROR,
    HIT,
    INSERT,
    LOST,
    MISS,
    QUESTION,
    TAGS,
    lost,
    read,
)
from tests.optimizer.waiting import until


@pytest.fixture
def engine(process):
    """One process's engine."""
    return process()


async def test_a_repeated_read_is_a_hit_for_the_same_caller_only(engine, supabase_table):
    """Bob's question is another entry."""
    assert await read(engine, supabase_table) == (b"old", MISS)
    assert await read(engine, supabase_table) == (b"old", HIT)
    assert await read(engine, supabase_table, scopes.from_key("bob")) == (b"old", MISS)
    assert supabase_table.calls == 2


@pytest.mark.parametrize(
    "case",
    ["cache off", "table off", "ttl of zero", "embeds", "unverified"],
)
async def test_what_must_not_be_cached_passes_through_and_leaves_nothing(
    engine, supabase_table, policies, valkey, case
):
    """Each time Supabase is asked; Valkey is not."""
    scope, question = ALICE, QUESTION
    if case == "cache off":
        policies.cache_enabled = False
    elif case == "table off":
        policies.table = TablePolicy(300, enabled=False)
    elif case == "ttl of zero":
        policies.table = TablePolicy(0)
    elif case == "embeds":
        question = Read("api", "contacts", "GET", (), (), True)
    else:
        scope = scopes.UNVERIFIED
    for _ in range(2):
        assert await read(engine, supabase_table, scope, question) == (b"old", BYPASS)
    assert supabase_table.calls == 2
    assert await valkey.keys("{canvalo}:[efs]:*") == []


async def test_a_table_that_is_switched_off_is_no_longer_served(engine, supabase_table, policies):
    """Though an entry stands."""
    await read(engine, supabase_table)
    policies.table = TablePolicy(300, enabled=False)
    supabase_table.value = b"new"
    assert await read(engine, supabase_table) == (b"new", BYPASS)


async def test_a_source_of_a_view_ends_what_was_stored_of_it(engine, supabase_table, policies):
    """As its settings declare it."""
    policies.table = TablePolicy(300, sources=("api.memberships",))
    await read(engine, supabase_table)
    change = Write(Change("api", "memberships", Operation.UPDATE))
    await engine.change(change, supabase_table.write(b"new"))
    assert await read(engine, supabase_table) == (b"new", MISS)


@pytest.mark.parametrize("operation", [op for op in Operation if op is not Operation.READ])
async def test_an_acknowledged_write_is_seen_by_the_next_read_everywhere(
    process, supabase_table, operation
):
    """Whatever kind of write, from whatever process."""
    one, other = process(), process()
    await read(one, supabase_table)
    await read(other, supabase_table)
    await other.change(Write(Change("api", "contacts", operation)), supabase_table.write(b"new"))
    assert await read(one, supabase_table) == (b"new", MISS)
    assert (await read(other, supabase_table))[0] == b"new"


async def test_while_a_write_is_under_way_nothing_is_served_or_kept(engine, supabase_table):
    """It may have taken effect already."""
    await read(engine, supabase_table)
    supabase_table.gate.clear()
    supabase_table.asked.clear()
    change = asyncio.create_task(engine.change(INSERT, supabase_table.write(b"new")))
    await supabase_table.asked.wait()
    reading = asyncio.create_task(read(engine, supabase_table))
    await until(lambda: supabase_table.calls == 3)
    supabase_table.gate.set()
    assert await reading == (b"new", MISS)
    assert (await change).answer.status == 200
    assert await read(engine, supabase_table) == (b"new", MISS)
    assert await read(engine, supabase_table) == (b"new", HIT)


async def test_a_refused_write_ends_its_marker(engine, supabase_table):
    """A 409 is an outcome: caching goes on at once."""
    supabase_table.status = 409
    assert (await engine.change(INSERT, supabase_table.write(b"old"))).answer.status == 409
    supabase_table.status = 200
    await read(engine, supabase_table)
    assert await read(engine, supabase_table) == (b"old", HIT)


async def test_a_write_that_never_left_ends_its_marker(engine, supabase_table):
    """And its error says that it may be tried again."""
    supabase_table.error = UpstreamUnreachable("refused")
    with pytest.raises(UpstreamUnreachable):
        await engine.change(INSERT, supabase_table.write(b"old"))
    supabase_table.error = None
    await read(engine, supabase_table)
    assert await read(engine, supabase_table) == (b"old", HIT)


@pytest.mark.parametrize("how", LOST)
async def test_an_unknown_outcome_keeps_its_marker(
    engine, supabase_table, valkey, shared, monkeypatch, how
):
    """Until it expires reads go through; its end sets new stamps."""
    monkeypatch.setattr(fence, "_SENDING", 0.004)
    await read(engine, supabase_table)
    supabase_table.asked.clear()
    result = await lost(engine, supabase_table, how)
    assert isinstance(result, OutcomeUnknown) is (how in ("broke off", "too slow"))
    for _ in range(2):
        assert await read(engine, supabase_table) == (b"new", MISS)
    name = f"{{canvalo}}:m:{TAGS[1]}"
    (writer,) = await valkey.hkeys(name)
    await valkey.hset(name, writer, 1)  # its time is over
    assert await read(engine, supabase_table) == (b"new", MISS)
    assert await read(engine, supabase_table) == (b"new", HIT)


async def test_a_write_that_was_held_up_is_not_sent(engine, supabase_table, monkeypatch, facts):
    """Its marker might end before it; it is counted as what it is."""
    monkeypatch.setattr(fence, "_SENDING", 0.0)
    with pytest.raises(UpstreamUnreachable, match="not sent"):
        await engine.change(INSERT, supabase_table.write(b"new"))
    assert supabase_table.calls == 0
    assert (len(facts.of(CallUnsent)), facts.of(UpstreamCall)) == (1, [])
    await read(engine, supabase_table)
    assert await read(engine, supabase_table) == (b"old", HIT)


async def test_a_touch_from_outside_ends_what_stands(engine, supabase_table):
    """A webhook's."""
    await read(engine, supabase_table)
    supabase_table.value = b"new"
    await engine.touch([TAGS[1]])
    assert await read(engine, supabase_table) == (b"new", MISS)


async def test_reads_and_calls_are_counted_once_each(engine, supabase_table, facts):
    """A hit sends nothing; its bytes are those that its fill had cost."""
    for _ in range(3):
        await read(engine, supabase_table)
    engine.hits.hand_over()
    (miss,), (hits,), calls = facts.of(CacheRead), facts.of(HitsCounted), facts.of(UpstreamCall)
    assert (miss.outcome, miss.reason, miss.body_bytes) == (MISS, MissReason.COLD, 3)
    assert (hits.relation, hits.tally.count, hits.tally.received) == ("api.contacts", 2, 6)
    assert [(c.relation, c.operation, c.status, c.received_bytes) for c in calls] == [
        ("api.contacts", Operation.READ, 200, 3)
    ]


async def test_many_equal_reads_are_one_call_and_that_many_answers(engine, supabase_table, facts):
    """Each caller asked; one request left."""
    await asyncio.gather(*(read(engine, supabase_table) for _ in range(40)))
    engine.hits.hand_over()
    counted = len(facts.of(CacheRead)) + sum(f.tally.count for f in facts.of(HitsCounted))
    assert counted == 40
    assert len(facts.of(UpstreamCall)) == supabase_table.calls == 1


@pytest.mark.parametrize("scope", [ALICE, scopes.UNVERIFIED])
async def test_a_read_that_fails_is_counted_as_an_error(engine, supabase_table, facts, scope):
    """Whether Supabase says so or says nothing."""
    supabase_table.status = 500
    assert (await read(engine, supabase_table, scope))[1] is ERROR
    supabase_table.error = UpstreamError("reset")
    with pytest.raises(UpstreamError):
        await read(engine, supabase_table, scope)
    assert [fact.outcome for fact in facts.of(CacheRead)] == [ERROR, ERROR]
    assert [fact.status for fact in facts.of(UpstreamCall)] == [500, 0]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CircuitOpen("too often"), "circuit open"),
        (PoolFull("9 wait"), "line full"),
        (PoolTimeout("10 s"), "waited too long"),
        (UpstreamUnreachable("no way"), "unreachable"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_nothing_left_of_is_counted_apart_from_the_calls(
    engine, supabase_table, facts, error, why
):
    """Reads and writes alike; it is no call, and says why."""
    supabase_table.error = error
    with pytest.raises(type(error)):
        await read(engine, supabase_table)
    with pytest.raises(type(error)):
        await engine.change(INSERT, supabase_table.write(b"new"))
    assert facts.of(CallUnsent) == [
        CallUnsent("api.contacts", Operation.READ, why),
        CallUnsent("api.contacts", Operation.INSERT, why),
    ]
    assert facts.of(UpstreamCall) == []


async def test_a_read_that_shares_a_call_which_never_left_saved_none(engine, supabase_table, facts):
    """Each of many callers was asked for one, or an outage would look like a saving."""
    supabase_table.gate.clear()
    supabase_table.error = CircuitOpen("too often")
    reads = [asyncio.create_task(read(engine, supabase_table)) for _ in range(5)]
    await supabase_table.asked.wait()
    await asyncio.sleep(0)
    supabase_table.gate.set()
    found = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(one) for one in found] == [CircuitOpen] * 5
    assert len(facts.of(CacheRead)) == len(facts.of(CallUnsent)) == 5


async def test_a_write_is_counted_with_its_status_or_zero(engine, supabase_table, facts):
    """Zero is an unknown outcome."""
    await engine.change(INSERT, supabase_table.write(b"new"))
    supabase_table.error = UpstreamError("reset")
    with pytest.raises(OutcomeUnknown):
        await engine.change(INSERT, supabase_table.write(b"new"))
    assert [(f.operation, f.status) for f in facts.of(ChangeMade)] == [
        (Operation.INSERT, 200), (Operation.INSERT, 0)
    ]  # fmt: skip
    assert [fact.sent_bytes for fact in facts.of(UpstreamCall)] == [7, 7]


async def test_a_write_in_the_dark_leaves_other_tables_alone(engine, supabase_table, shared):
    """Only what it touches is marked."""
    projects = Read("api", "projects", "GET", (), (), False)
    await read(engine, supabase_table, question=projects)
    await engine.change(INSERT, supabase_table.write(b"new"))
    assert await read(engine, supabase_table, question=projects) == (b"old", HIT)
    look = await shared.look("k", [of_relation("api.projects")])
    assert look.found is Found.COLD
