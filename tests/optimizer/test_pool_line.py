"""The pool's limit: who comes later waits, in order, and not without end."""

import asyncio

import pytest

from optimizer.domain.facts import LoadShed
from optimizer.errors import ConfigurationError, PoolFull, PoolTimeout
from optimizer.upstream.pool import PoolGauges
from tests.optimizer.lending import Holder, hold, turn


async def test_no_more_clients_are_held_than_the_limit(pool):
    """Who comes later waits until one is free, and is then served."""
    alice, bob, carol = await hold(pool, "alice", "bob", "carol")
    assert (alice.holds, bob.holds, carol.holds) == (True, True, False)
    assert pool.gauges == PoolGauges(2, 2)
    await bob.end()
    await turn()
    assert carol.holds
    assert pool.gauges.total == 2
    await alice.end()
    await carol.end()


async def test_a_raised_limit_holds_for_the_next_caller(pool, limits):
    """The settings are asked at each lease."""
    await_all = await hold(pool, "alice", "bob")
    limits.pool_max_connections = 3
    await_all += await hold(pool, "carol")
    assert all(holder.holds for holder in await_all)
    for holder in await_all:
        await holder.end()


async def test_who_waits_is_served_in_order(pool, limits):
    """Also where one comes just as a client is given back."""
    limits.pool_max_connections = 1
    first, *line = await hold(pool, "a", "b", "c", "d")
    order = []
    first.go.set()
    await first.task
    late = Holder(pool, "late")  # comes before those who wait have woken up
    for holder in [*line, late]:
        await turn()
        order += [h.name for h in (*line, late) if h.holds and h.name not in order]
        await holder.end()
    assert order == ["b", "c", "d", "late"]


async def test_one_who_comes_again_and_again_does_not_starve_the_others(pool, limits):
    """Whoever gives back and takes at once goes to the end of the line."""
    limits.pool_max_connections = 1
    order = []

    async def work(*names):
        for name in names:
            async with pool.get_connection(jwt_token=name):
                order.append(name)
                await turn()

    await asyncio.gather(work("greedy-1", "greedy-2", "greedy-3"), work("b"), work("c"))
    assert order == ["greedy-1", "b", "c", "greedy-2", "greedy-3"]


async def test_callers_of_one_identity_are_served_together(pool, limits):
    """A client that has come to be serves all who wait for it, wherever they stand in line."""
    limits.pool_max_connections = 1
    first, *line = await hold(pool, "a", "b", "c", "b")
    await first.end()
    await turn()
    assert [holder.holds for holder in line] == [True, False, True]
    for holder in (line[0], line[2], line[1]):
        await holder.end()


async def test_a_line_that_is_full_refuses_at_once(pool, limits, facts):
    """Nothing is queued without end; and it is counted."""
    limits.pool_max_waiting = 2
    limits.pool_max_connections = 1
    holders = await hold(pool, "a", "b", "c")
    with pytest.raises(PoolFull):
        async with pool.get_connection(jwt_token="d"):
            pass
    assert facts.of(LoadShed) == [LoadShed("line full")]
    for holder in holders:
        await holder.end()


async def test_who_waits_too_long_is_told_so(pool, limits):
    """And leaves the line: the next who comes waits for the client, not for a ghost."""
    limits.pool_wait_timeout = 0.01
    limits.pool_max_connections = 1
    (first,) = await hold(pool, "a")
    with pytest.raises(PoolTimeout):
        async with pool.get_connection(jwt_token="b"):
            pass
    await first.end()
    async with pool.get_connection(jwt_token="c"):
        pass


@pytest.mark.parametrize("who", [0, 1])
async def test_one_who_leaves_the_line_holds_up_nobody(pool, limits, who):
    """Though it left in the moment in which its turn came."""
    limits.pool_max_connections = 1
    first, *line = await hold(pool, "a", "b", "c")
    first.go.set()
    await first.task
    line[who].task.cancel()
    await turn()
    assert line[1 - who].holds
    await line[1 - who].end()
    assert pool.gauges.active == 0


async def test_a_lease_comes_back_after_a_cancellation(pool, limits):
    """Who waits is served."""
    limits.pool_max_connections = 1
    first, waiting = await hold(pool, "a", "b")
    first.task.cancel()
    await turn()
    assert waiting.holds
    assert pool.gauges == PoolGauges(1, 1)
    await waiting.end()


async def test_a_client_that_cannot_be_made_takes_no_room(pool, limits):
    """The next in line is served though the one before it failed."""
    limits.pool_max_connections = 1
    first, refused, waiting = await hold(pool, "a", "refused", "b")
    await first.end()
    await turn()
    with pytest.raises(ConfigurationError):
        await refused.task
    assert waiting.holds
    await waiting.end()
