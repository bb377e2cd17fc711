"""Fetches under way, by all three alike: one for all, and none that a write has outrun."""

import asyncio

import pytest

from optimizer.domain.answer import Answer
from optimizer.domain.facts import ReadOutcome
from optimizer.errors import UpstreamError
from tests.optimizer.tiers import TERMS, write
from tests.optimizer.waiting import until

HIT, MISS, COALESCED, STALE = (
    ReadOutcome.HIT,
    ReadOutcome.MISS,
    ReadOutcome.COALESCED,
    ReadOutcome.STALE,
)


@pytest.mark.parametrize("where", ["here", "elsewhere", "elsewhere, heard at once"])
async def test_a_fetch_that_a_write_outran_is_never_served(backend, where):
    """It began before the write and ends after it."""
    late = await backend.begin()
    await write(backend.cache if where == "here" else backend.other, backend.truth, b"new")
    if where == "elsewhere, heard at once":
        await backend.hear()
    backend.truth.gate.set()
    assert (await late).answer.body == b"old"  # it began before the write was acknowledged
    await backend.hear()
    assert (await backend.read())[0] == b"new"
    assert await backend.read() == (b"new", HIT)


async def test_a_read_after_a_write_does_not_join_a_fetch_of_before(backend):
    """It asks for itself."""
    late = await backend.begin()
    await write(backend.cache, backend.truth, b"new")
    after = asyncio.create_task(backend.read())
    await until(lambda: backend.truth.calls == 2)
    backend.truth.gate.set()
    assert (await after)[0] == b"new"
    assert (await late).answer.body == b"old"


async def test_a_hundred_equal_misses_are_one_fetch(backend):
    """Ninety-nine join it."""
    backend.truth.gate.clear()
    tasks = [asyncio.create_task(backend.read()) for _ in range(100)]
    await backend.truth.asked.wait()
    await until(lambda: not backend.cache.shared.steps.shared.under_way)
    backend.truth.gate.set()
    answers = await asyncio.gather(*tasks)
    assert backend.truth.calls == 1
    assert sorted(outcome for _, outcome in answers) == [COALESCED] * 99 + [MISS]


async def test_a_caller_that_gives_up_leaves_the_fetch_to_the_others(backend):
    """And the answer is kept."""
    first = await backend.begin()
    second = asyncio.create_task(backend.read())
    first.cancel()
    await asyncio.sleep(0)
    backend.truth.gate.set()
    assert (await second)[0] == b"old"
    assert await backend.read() == (b"old", HIT)
    assert backend.truth.calls == 1


async def test_a_value_kept_by_hand_is_of_its_miss(backend):
    """get, fetch, somebody writes, set: it is not served; without the write it is."""
    assert await backend.cache.peek("k", TERMS) is None
    await write(backend.other, backend.truth, b"new")
    await backend.cache.keep("k", TERMS, Answer(200, (), b"old"))
    await backend.hear()
    assert await backend.cache.peek("k", TERMS) is None
    assert await backend.cache.keep("k", TERMS, Answer(200, (), b"new"))
    found = await backend.cache.peek("k", TERMS)
    assert found is not None
    assert found.answer.body == b"new"


async def test_a_new_epoch_serves_nothing_of_before(backend, valkey):
    """Valkey lost what it knew."""
    await backend.read()
    await valkey.flushall()
    await backend.hear()
    backend.truth.value = b"new"
    assert await backend.read() == (b"new", MISS)
    backend.truth.value = b"newer"
    assert await backend.read() == (b"newer", MISS)  # a marker may have been lost, too


async def test_while_supabase_fails_an_old_answer_helps_out_but_not_its_writer(backend, clock):
    """Marked as such, and only where that is allowed."""
    await backend.read(stale_if_error=60.0)
    clock.now += 301
    backend.truth.value = UpstreamError("away")
    assert await backend.read(stale_if_error=60.0) == (b"old", STALE)
    for terms in ({}, {"stale_if_error": 60.0, "strict": True}):
        with pytest.raises(UpstreamError):
            await backend.read(**terms)
    await write(backend.cache, backend.truth, UpstreamError("away"))
    with pytest.raises(UpstreamError):
        await backend.read(stale_if_error=60.0)
