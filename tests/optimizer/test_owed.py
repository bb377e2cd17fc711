"""What a process owes while Valkey is away holds for functions as for reads."""

import asyncio

from optimizer.cache.clocks import boottime
from optimizer.functions import FunctionCache, Kind, Question
from tests.optimizer.engines import INSERT, TAGS

ASKED = Question(Kind("api.contacts"), "alice", ["f", 1])


async def _written_without_valkey(process, wire, table, policies, facts, lease):
    engine = process(wire.url)
    functions = FunctionCache(engine._cache, policies, facts, engine.hits)

    async def work():
        return table.value.decode()

    assert await functions.call(ASKED, work) == "old"
    await engine._cache.shared.history.catch_up(boottime, lease)
    await wire.cut()
    await engine.change(INSERT, table.write(b"new"))
    return lambda: functions.call(ASKED, work)


async def test_a_function_sees_an_own_write_when_valkey_is_back(
    process, wire, supabase_table, policies, facts
):
    """What was kept before is still there, and not served."""
    ask = await _written_without_valkey(process, wire, supabase_table, policies, facts, 0.0)
    wire.mend()
    assert await ask() == "new"


async def test_a_function_sees_an_own_write_while_valkey_is_away(
    process, wire, supabase_table, policies, facts
):
    """What was kept before is still there, and not served."""
    ask = await _written_without_valkey(process, wire, supabase_table, policies, facts, 30.0)
    assert await ask() == "new"


async def test_a_debt_of_the_same_writer_that_arose_during_a_touch_stays(process, wire):
    """The touch may have been before it."""
    engine = process(wire.url)
    await wire.cut()
    await engine._fence.begin(TAGS)
    wire.mend()
    paying = asyncio.create_task(engine.settle())
    await asyncio.sleep(0)  # its touch has left
    engine._fence._owe(TAGS)  # as Fence.end does where END is not heard
    await paying
    assert engine._fence.owed
