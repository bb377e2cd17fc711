"""Both tiers together: what is served is never older than what was acknowledged."""

import asyncio

import pytest

from optimizer.cache.served import Terms
from optimizer.cache.shared import Found, SharedTier
from optimizer.domain.facts import CacheFault, MissReason, ReadOutcome, Tier
from optimizer.errors import UpstreamError
from tests.optimizer.tiers import TAGS, TERMS, read, write
from tests.optimizer.waiting import until

HIT, MISS, COALESCED = ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.COALESCED
BYPASS, ERROR = ReadOutcome.BYPASS, ReadOutcome.ERROR


@pytest.fixture
def process(tiers):
    """Here a process is its tiers."""
    return tiers


@pytest.fixture
def cache(process):
    """One process."""
    return process()


async def begin(cache, truth):
    """A read whose fetch is under way and has seen what is true now."""
    truth.gate.clear()
    truth.asked.clear()
    task = asyncio.create_task(cache.read("k", TERMS, truth))
    await truth.asked.wait()
    return task


async def test_first_from_upstream_then_from_l1_and_elsewhere_from_l2(process, truth):
    """One fetch serves two processes."""
    one, other = process(), process()
    assert await read(one, truth) == (b"old", MISS, Tier.UPSTREAM)
    assert await read(one, truth) == (b"old", HIT, Tier.L1)
    assert await read(other, truth) == (b"old", HIT, Tier.L2)
    assert await read(other, truth) == (b"old", HIT, Tier.L1)
    assert truth.calls == 1


async def test_a_write_in_any_process_is_seen_by_the_next_read_in_every_process(process, truth):
    """L1 is asked about before it is served."""
    one, other = process(), process()
    for cache in (one, other):
        await read(cache, truth)
    await write(other, truth, b"new")
    assert await read(one, truth) == (b"new", MISS, Tier.UPSTREAM)
    assert await read(other, truth) == (b"new", HIT, Tier.L2)


async def test_a_late_fill_that_a_write_outran_is_never_served(process, truth):
    """The read began before the write and ends after it."""
    one, other = process(), process()
    late = await begin(one, truth)
    await write(other, truth, b"new")
    truth.gate.set()
    assert (await late).answer.body == b"old"  # it began before the write was acknowledged
    for cache in (one, other, one):
        assert (await read(cache, truth))[0] == b"new"


async def test_a_read_after_a_write_does_not_join_a_fetch_of_before(process, truth):
    """The same question, under other stamps, is another flight."""
    cache = process()
    late = await begin(cache, truth)
    await write(cache, truth, b"new")
    after = asyncio.create_task(cache.read("k", TERMS, truth))
    await until(lambda: truth.calls == 2)
    truth.gate.set()
    assert (await after).answer.body == b"new"
    assert (await late).answer.body == b"old"


async def test_while_a_writer_is_at_work_reads_go_through_and_fill_nothing(cache, truth):
    """Neither tier."""
    await read(cache, truth)
    await cache.shared.history.begin("writer", TAGS)
    for _ in range(2):
        served = await cache.read("k", TERMS, truth)
        assert (served.outcome, served.reason) == (MISS, MissReason.INVALIDATED)
    assert len(cache.memory) == 0
    await cache.shared.history.end("writer", TAGS)
    assert await read(cache, truth) == (b"old", MISS, Tier.UPSTREAM)
    assert await read(cache, truth) == (b"old", HIT, Tier.L1)


async def test_a_read_that_began_before_the_marker_may_fill_but_is_not_served(process, truth):
    """Of two writers one dies: the fill under the stamps of before is dead at the marker's end."""
    cache = process()
    late = await begin(cache, truth)
    await SharedTier(cache.shared.steps.client, lambda: 0.0).history.begin("dying", TAGS)
    truth.value = b"new"
    truth.gate.set()
    await late
    assert await read(cache, truth) == (b"new", MISS, Tier.UPSTREAM)


async def test_a_hundred_equal_misses_are_one_fetch(cache, truth):
    """Ninety-nine are told that they joined."""
    truth.gate.clear()
    tasks = [asyncio.create_task(read(cache, truth)) for _ in range(100)]
    await truth.asked.wait()
    await until(lambda: not cache.shared.steps.shared.under_way)
    truth.gate.set()
    answers = await asyncio.gather(*tasks)
    assert truth.calls == 1
    assert {body for body, _, _ in answers} == {b"old"}
    assert sorted(outcome for _, outcome, _ in answers) == [COALESCED] * 99 + [MISS]


async def test_a_caller_that_gives_up_leaves_the_fetch_to_the_others(cache, truth):
    """And the answer is kept."""
    first = await begin(cache, truth)
    second = asyncio.create_task(read(cache, truth))
    first.cancel()
    await asyncio.sleep(0)
    truth.gate.set()
    assert (await second)[0] == b"old"
    assert truth.calls == 1
    assert await read(cache, truth) == (b"old", HIT, Tier.L1)


async def test_an_upstream_error_goes_to_all_and_is_not_remembered(cache, truth):
    """The next read tries again."""
    truth.value = UpstreamError("away")
    answers = await asyncio.gather(*(read(cache, truth) for _ in range(5)), return_exceptions=True)
    assert {str(answer) for answer in answers} == {"away"}
    truth.value = b"back"
    assert await read(cache, truth) == (b"back", MISS, Tier.UPSTREAM)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 416, 500, 502, 503, 520])
async def test_an_error_is_never_cached(cache, truth, status):
    """Not for a moment: an expired token's refusal is not the next caller's."""
    truth.status = status
    for calls in (1, 2):
        assert await read(cache, truth) == (b"old", ERROR, Tier.UPSTREAM)
        assert truth.calls == calls
    assert len(cache.memory) == 0


@pytest.mark.parametrize("status", [204, 205, 300, 304])
async def test_what_is_not_rows_is_not_cached_either(cache, truth, status):
    """Only 200 and 206 hold rows."""
    truth.status = status
    assert (await read(cache, truth))[1] is MISS
    assert (await read(cache, truth))[1] is MISS


async def test_a_partial_page_is_cached(cache, truth):
    """206 is how PostgREST answers with a count."""
    truth.status = 206
    await read(cache, truth)
    served = await cache.read("k", TERMS, truth)
    assert (served.outcome, served.answer.status) == (HIT, 206)


async def test_an_answer_is_served_for_its_ttl_and_tells_its_age(process, truth, clock):
    """In both tiers."""
    one, other = process(), process()
    await read(one, truth)
    clock.now += 299
    assert (await one.read("k", TERMS, truth)).age == 299
    assert (await other.read("k", TERMS, truth)).age == 299
    clock.now += 1
    for cache in (one, other):
        served = await cache.read("k", TERMS, truth)
        clock.now += 300
        assert (served.outcome, served.reason) == (MISS, MissReason.EXPIRED)


async def test_a_lowered_ttl_holds_for_what_is_stored(cache, truth, clock):
    """The change in the admin is not for later entries alone."""
    await read(cache, truth)
    clock.now += 60
    assert (await read(cache, truth, Terms(TAGS, 30.0, 100)))[1] is MISS


async def test_other_keys_have_other_answers(cache, truth):
    """Under the same tags."""
    await read(cache, truth, key="a")
    truth.value = b"other"
    assert (await read(cache, truth, key="b"))[0] == b"other"
    assert (await read(cache, truth, key="a"))[0] == b"old"


async def test_with_valkey_away_reads_go_through_and_are_told(process, wire, truth, facts):
    """Not from L1 either: nobody can say whether it still stands."""
    cache = process(wire.url)
    await read(cache, truth)
    await wire.cut()
    truth.value = b"new"
    assert await read(cache, truth) == (b"new", BYPASS, Tier.UPSTREAM)
    assert facts == [CacheFault("look")]
    truth.status = 503
    assert (await read(cache, truth))[1] is ERROR


async def test_when_it_is_back_what_still_stands_is_served_again(process, wire, truth):
    """And what was changed meanwhile is not."""
    cache, elsewhere = process(wire.url), process()
    await read(cache, truth)
    await wire.cut()
    await read(cache, truth)
    wire.mend()
    assert await read(cache, truth) == (b"old", HIT, Tier.L1)
    await wire.cut()
    await write(elsewhere, truth, b"new")
    wire.mend()
    assert await read(cache, truth) == (b"new", MISS, Tier.UPSTREAM)


async def test_an_answer_that_cannot_be_stored_is_still_an_answer(process, wire, truth, facts):
    """Valkey went away between look and fill; the next look finds nothing there."""
    cache = process(wire.url)
    late = await begin(cache, truth)
    await wire.cut()
    truth.gate.set()
    assert (await late).answer.body == b"old"
    assert facts == [CacheFault("fill")]
    wire.mend()
    assert (await cache.shared.look("k", TAGS)).found is Found.COLD


async def test_l1_is_bounded_by_its_own_limits_and_l2_by_the_terms(process, truth):
    """Each key more costs the oldest its place."""
    cache = process()
    cache.memory.max_entries = 3
    for n in range(8):
        await read(cache, truth, Terms(TAGS, 300.0, 5), key=f"k{n}")
    assert len(cache.memory) == 3
    assert (await cache.shared.sizes()).active == 5
