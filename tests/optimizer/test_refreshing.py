"""Beyond the TTL, and shortly before it: the reader is answered at once, the fetch is behind it."""

import asyncio
import json

import pytest

from optimizer.domain.facts import CacheFault, ReadOutcome, Tier
from optimizer.errors import UpstreamError
from tests.optimizer.tiers import read, write
from tests.optimizer.waiting import until

HIT, MISS, STALE, ERROR = (
    ReadOutcome.HIT, ReadOutcome.MISS, ReadOutcome.STALE, ReadOutcome.ERROR,
)  # fmt: skip
SWR = {"stale_while_revalidate": 60.0}


async def settled(cache):
    """Nothing is fetched behind anybody."""
    await until(lambda: not cache._refreshes._running)


async def test_beyond_the_ttl_the_reader_does_not_wait(tiers, truth, clock):
    """One fetch behind many readers; the next reader has its answer."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 300
    truth.value = b"new"
    truth.gate.clear()
    for _ in range(20):
        assert await read(cache, truth, **SWR) == (b"old", STALE, Tier.L1)
    truth.gate.set()
    await settled(cache)
    assert await read(cache, truth, **SWR) == (b"new", HIT, Tier.L1)
    assert truth.calls == 2


async def test_it_ends(tiers, truth, clock):
    """Then the reader waits."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 360
    truth.value = b"new"
    assert (await read(cache, truth, **SWR))[:2] == (b"new", MISS)


async def test_it_never_serves_what_was_changed(tiers, truth, clock):
    """It extends the TTL, not a dead stamp."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 300
    await write(cache, truth, b"new")
    assert (await read(cache, truth, **SWR))[:2] == (b"new", MISS)


async def test_a_write_during_the_fetch_is_not_overwritten(tiers, truth, clock):
    """What it brought was true before."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 300
    truth.gate.clear()
    truth.asked.clear()
    await read(cache, truth, **SWR)
    await truth.asked.wait()
    await write(cache, truth, b"new")
    truth.gate.set()
    await settled(cache)
    assert (await read(cache, truth, **SWR))[0] == b"new"


async def test_only_one_process_fetches(tiers, truth, clock):
    """The other sees that somebody does."""
    one, other = tiers(), tiers()
    for cache in (one, other):
        await read(cache, truth, **SWR)
    clock.now += 300
    truth.gate.clear()
    truth.asked.clear()
    await read(one, truth, **SWR)
    await truth.asked.wait()
    assert (await read(other, truth, **SWR))[1] is STALE
    await settled(other)
    truth.gate.set()
    await settled(one)
    assert truth.calls == 2


@pytest.mark.parametrize("failure", [UpstreamError("reset"), RuntimeError("mine")])
async def test_a_fetch_that_fails_is_counted_and_tried_again(tiers, truth, clock, facts, failure):
    """The readers have had their answers."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 300
    truth.value = failure
    for calls in (2, 3):
        assert (await read(cache, truth, **SWR))[1] is STALE
        await settled(cache)
        assert truth.calls == calls
    assert facts == [CacheFault("refresh")] * 2


async def test_closing_ends_what_is_fetched(tiers, truth, clock):
    """Nobody waits for it."""
    cache = tiers()
    await read(cache, truth, **SWR)
    clock.now += 300
    truth.gate.clear()
    await read(cache, truth, **SWR)
    await cache.close()
    assert not cache._refreshes._running


async def test_what_is_asked_for_often_is_fetched_before_its_end(tiers, truth, clock):
    """Sometime in the last tenth, once; before that never."""
    cache = tiers()
    await read(cache, truth, refresh_ahead=True)
    clock.now += 269
    for _ in range(200):
        await read(cache, truth, refresh_ahead=True)
    assert truth.calls == 1
    clock.now += 25
    for _ in range(500):
        assert (await read(cache, truth, refresh_ahead=True))[1] is HIT
    await settled(cache)
    assert truth.calls == 2


async def test_what_is_asked_for_seldom_is_left_alone(tiers, truth, clock):
    """Its chance at the beginning of that tenth is small."""
    cache = tiers()
    cache._refreshes._chance = lambda: 0.04
    await read(cache, truth, refresh_ahead=True)
    clock.now += 290
    await read(cache, truth, refresh_ahead=True)
    await asyncio.sleep(0)
    assert truth.calls == 1


NONE = json.dumps({"code": "PGRST116", "details": "The result contains 0 rows"}).encode()


async def test_that_there_is_no_such_row_is_kept_where_that_is_wanted(tiers, truth, clock):
    """For its own time, and until somebody writes it."""
    cache, terms = tiers(), {"negative_ttl": 30.0}
    truth.status, truth.value = 406, NONE
    assert (await read(cache, truth, **terms))[1] is ERROR
    assert (await read(cache, truth, **terms))[:2] == (NONE, HIT)
    clock.now += 30
    assert (await read(cache, truth, **terms))[1] is ERROR
    truth.status = 200
    await write(cache, truth, b"new")
    assert (await read(cache, truth, **terms))[:2] == (b"new", MISS)


@pytest.mark.parametrize(("status", "body"), [(404, NONE), (406, b"{}"), (400, NONE), (500, NONE)])
async def test_no_other_error_is_kept(tiers, truth, status, body):
    """A 404 is a table that is not there."""
    cache = tiers()
    truth.status, truth.value = status, body
    for calls in (1, 2):
        assert (await read(cache, truth, negative_ttl=30.0))[1] is ERROR
        assert truth.calls == calls
