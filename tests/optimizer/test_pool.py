"""The pool: bounded, fair, and a client speaks for one caller only."""

import asyncio

import pytest

from optimizer.domain.facts import LeaseTaken
from optimizer.errors import TokenMissing
from optimizer.upstream.pool import PoolGauges
from tests.optimizer.lending import hold
from tests.optimizer.upstream import rows


async def test_a_caller_meets_its_own_client_again(pool, facts):
    """And parallel requests of one caller share it."""
    lend = pool.get_connection
    async with lend(jwt_token="alice") as one, lend(jwt_token="alice") as other:
        assert one is other
    async with pool.get_connection(jwt_token="alice") as again:
        assert again is one
    assert [fact.reused for fact in facts.of(LeaseTaken)] == [False, True, True]


async def test_each_identity_has_a_client_of_its_own(pool, limits):
    """A token, a user id that reads the same, and nobody are three."""
    limits.pool_max_connections = 9
    async with (
        pool.get_connection(jwt_token="alice") as one,
        pool.get_connection(user_id="alice") as two,
        pool.get_connection() as three,
        pool.get_connection(jwt_token="bob") as four,
    ):
        assert len({id(client) for client in (one, two, three, four)}) == 4
    assert [(made.bearer, made.user_id) for made in pool.made] == [
        ("alice", None), (None, "alice"), (None, None), ("bob", None)
    ]  # fmt: skip


async def test_a_token_has_the_word_over_a_user_id(pool):
    """With a token nothing is done with the service role's rights."""
    async with pool.get_connection(user_id="bob", jwt_token="alice"):
        assert [(made.bearer, made.user_id) for made in pool.made] == [("alice", None)]


@pytest.mark.parametrize(
    "given", [{"jwt_token": ""}, {"user_id": ""}, {"jwt_token": "", "user_id": "bob"}]
)
async def test_an_empty_token_does_not_become_another_identity(pool, given):
    """Least of all the service role."""
    with pytest.raises(TokenMissing):
        async with pool.get_connection(**given):
            pass
    assert pool.made == []


async def test_the_idle_client_used_longest_ago_makes_room(pool, clock):
    """And it is closed."""
    for name in ("alice", "bob", "alice"):
        clock.now += 1
        async with pool.get_connection(jwt_token=name) as client:
            session = client.options.httpx_client
    async with pool.get_connection(jwt_token="bob") as bob:
        pass
    async with pool.get_connection(jwt_token="carol"):
        assert session.is_closed
        assert not bob.options.httpx_client.is_closed


async def test_a_lease_comes_back_after_an_error(pool):
    """Whatever the block raises."""
    with pytest.raises(ZeroDivisionError):
        async with pool.get_connection(jwt_token="a"):
            1 / 0  # noqa: B018
    assert pool.gauges == PoolGauges(1, 0)


async def test_idle_clients_are_closed_in_time_and_lent_ones_are_not(pool, clock):
    """After `pool_max_idle_time`."""
    async with pool.get_connection(jwt_token="alice") as alice:
        async with pool.get_connection(jwt_token="bob") as bob:
            pass
        clock.now += 299
        assert await pool.close_idle() == 0
        clock.now += 1
        assert await pool.close_idle() == 1
        assert bob.options.httpx_client.is_closed
        assert not alice.options.httpx_client.is_closed
    assert pool.gauges == PoolGauges(1, 0)


async def test_a_pool_that_is_off_makes_a_client_each_time_and_closes_it(pool, limits):
    """Nothing is kept."""
    limits.pool_enabled = False
    async with pool.get_connection(jwt_token="a") as one:
        pass
    async with pool.get_connection(jwt_token="a") as other:
        assert other is not one
        assert one.options.httpx_client.is_closed
    assert pool.gauges == PoolGauges(0, 0)


async def test_switching_it_off_does_not_close_a_client_that_others_use(pool, limits):
    """It closes when the last lease ends."""
    one, other = await hold(pool, "a", "a")
    limits.pool_enabled = False
    await one.end()
    assert not other.client.options.httpx_client.is_closed
    await other.end()


async def test_tokens_are_never_mixed_under_concurrency(pool, limits, upstream):
    """Thirty callers over three clients: each request carries its own caller's token."""
    limits.pool_max_connections = 3
    upstream.answer = lambda asked: rows([{"who": asked.bearer}])

    async def work(name):
        for _ in range(4):
            async with pool.get_connection(jwt_token=name) as client:
                found = await client.schema("api").table("contacts").select("*").execute()
                assert found.data == [{"who": name}]

    await asyncio.gather(*(work(f"user-{n}") for n in range(30)))
    assert len(upstream.asked) == 120
    assert pool.gauges.active == 0
    assert pool.gauges.total <= 3


async def test_closing_the_pool_closes_every_client(pool):
    """Also those that made room for others."""
    sessions = []
    for name in ("a", "b", "c"):
        async with pool.get_connection(jwt_token=name) as client:
            sessions.append(client.options.httpx_client)
    await pool.close()
    assert all(session.is_closed for session in sessions)


async def test_the_names_of_clients_hold_no_token(pool):
    """A dump of the pool shows hashes."""
    async with pool.get_connection(jwt_token="secret-token"):
        assert not any("secret-token" in name for name in pool._clients._kept)
