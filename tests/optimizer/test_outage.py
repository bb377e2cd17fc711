"""Valkey away: everything goes on, and what was changed meanwhile is ended before it is served."""

import asyncio

import pytest

from optimizer.cache import fence
from optimizer.domain.facts import (
    CacheFault,
    ChangeMade,
)
from tests.optimizer.engines import (
    BYPASS,
    HIT,
    INSERT,
    LOST,
    MISS,
    TAGS,
    lost,
    read,
)


async def test_with_valkey_away_a_write_goes_through_and_is_counted_unfenced(
    process, wire, supabase_table, facts
):
    """It never makes things worse."""
    engine = process(wire.url)
    await wire.cut()
    assert (await engine.change(INSERT, supabase_table.write(b"new"))).answer.status == 200
    assert [fact.fenced for fact in facts.of(ChangeMade)] == [False]
    assert facts.of(CacheFault) == [CacheFault("begin"), CacheFault("end")]


@pytest.mark.parametrize("how", ["answered", *LOST])
async def test_what_was_changed_meanwhile_is_touched_before_anything_is_served(
    process, wire, supabase_table, monkeypatch, how
):
    """On Valkey's return: the entries of before the outage still stand there."""
    monkeypatch.setattr(fence, "_SENDING", 0.004)
    engine, other = process(wire.url), process()
    await read(engine, supabase_table)
    await wire.cut()
    supabase_table.asked.clear()
    await lost(engine, supabase_table, how)
    assert await read(engine, supabase_table) == (b"new", BYPASS)
    assert await read(other, supabase_table) == (b"old", HIT)  # the TTL is its bound
    wire.mend()
    assert await read(engine, supabase_table) == (b"new", MISS)
    assert (await read(other, supabase_table))[0] == b"new"


async def test_it_is_touched_without_a_read_too(process, wire, supabase_table):
    """A process that only writes settles by itself."""
    engine, other = process(wire.url), process()
    await read(other, supabase_table)
    await wire.cut()
    await engine.change(INSERT, supabase_table.write(b"new"))
    assert not await engine.settle()
    wire.mend()
    assert await engine.settle()
    assert await read(other, supabase_table) == (b"new", MISS)


async def test_a_write_whose_end_was_not_heard_is_owed_too(process, wire, supabase_table, facts):
    """It was fenced, so the others' reads go through; ours do not trust what they have."""
    engine = process(wire.url)
    supabase_table.gate.clear()
    change = asyncio.create_task(engine.change(INSERT, supabase_table.write(b"new")))
    await supabase_table.asked.wait()
    await wire.cut()
    supabase_table.gate.set()
    await change
    assert facts.of(CacheFault) == [CacheFault("end")]
    assert [fact.fenced for fact in facts.of(ChangeMade)] == [True]
    wire.mend()
    assert await read(engine, supabase_table) == (b"new", MISS)


async def test_what_comes_to_be_owed_during_a_touch_stays_owed(process, wire, supabase_table):
    """The touch that is under way may have been before that write."""
    engine = process(wire.url)
    await wire.cut()
    await engine.change(INSERT, supabase_table.write(b"new"))
    wire.mend()
    settling = asyncio.create_task(engine.settle())
    await asyncio.sleep(0)  # its touch has left
    engine._fence._owe(TAGS)
    await settling
    assert set(engine._fence.owed) == set(TAGS)
    assert await engine.settle()
    assert engine._fence.owed == {}
