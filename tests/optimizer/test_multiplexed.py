"""One connection for all questions of a loop: each has its own answer, whatever happens to it."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Gone
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as Late

from optimizer.cache.multiplexed import Multiplexed
from optimizer.cache.shared import Found, SharedTier


@pytest.fixture
async def client(wire):
    """A client of a real Valkey, by a way that can be cut; it hangs up after a moment."""
    made = Redis.from_url(wire.url, socket_timeout=0.3, socket_connect_timeout=0.3, retry=None)
    yield made
    await made.aclose()


@pytest.fixture
def shared(client):
    """What is tested."""
    return Multiplexed(client.connection_pool)


async def connections(valkey_url):
    """How many the server has, but for the one that asks."""
    async with Redis.from_url(valkey_url) as other:
        return len(await other.client_list()) - 1


async def test_who_asks_at_once_is_answered_each_by_one_connection(shared, fresh_valkey):
    """A thousand questions, in any order."""
    before = await connections(fresh_valkey)
    found = await asyncio.gather(*(shared.ask("ECHO", number) for number in range(1000)))
    assert found == [str(number).encode() for number in range(1000)]
    assert await connections(fresh_valkey) == before + 1


async def test_who_goes_away_takes_nobodys_answer_along(shared):
    """The answer to a question that was given up is dropped."""
    asking = [asyncio.ensure_future(shared.ask("ECHO", number)) for number in range(10)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert found[1::2] == [b"1", b"3", b"5", b"7", b"9"]
    assert all(isinstance(one, asyncio.CancelledError) for one in found[::2])
    assert await shared.ask("ECHO", "next") == b"next"


async def test_a_refusal_is_for_who_asked_alone(shared):
    """The others go on."""
    asked = shared.ask("ECHO", 1), shared.ask("NONSENSE"), shared.ask("ECHO", 2)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert (found[0], found[2]) == (b"1", b"2")
    assert isinstance(found[1], ResponseError)


async def test_a_connection_that_is_gone_is_opened_again(shared, wire):
    """While the server is away everybody hears so; afterwards it is as before."""
    assert await shared.ask("ECHO", 1) == b"1"
    await wire.cut()
    found = await asyncio.gather(*(shared.ask("ECHO", 1) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(one, Gone | Late) for one in found), found
    wire.mend()
    assert await shared.ask("ECHO", 2) == b"2"


async def test_a_connection_that_the_server_closed_is_not_noticed(shared, fresh_valkey):
    """Idle ones are closed, and a restart closes all."""
    await shared.ask("ECHO", 1)
    async with Redis.from_url(fresh_valkey) as other:
        await other.client_kill_filter(_type="normal", skipme=True)
    assert await shared.ask("ECHO", 2) == b"2"


async def test_a_server_that_hangs_lets_everybody_go_and_is_asked_anew(shared, fresh_valkey):
    """No answer of before is taken for one of after."""
    await shared.ask("ECHO", 0)
    async with Redis.from_url(fresh_valkey, socket_timeout=None) as other:
        await other.client_pause(2_000)
        asked = (shared.ask("ECHO", number) for number in range(5))
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in found] == [Late] * 5
        await other.ping()  # it waits for the end of the pause
    assert await shared.ask("ECHO", "after") == b"after"


async def test_closing_the_client_closes_it(shared, client, fresh_valkey):
    """Nothing is left open."""
    own = await shared.ask("CLIENT", "ID")
    await client.aclose()
    async with asyncio.timeout(5), Redis.from_url(fresh_valkey) as other:
        while await other.client_list(client_id=[own]):  # the server notices a moment later
            await other.ping()


async def test_a_server_that_forgot_the_scripts_is_told_them(client, fresh_valkey):
    """A look goes on as before."""
    tier = SharedTier(client)
    assert (await tier.look("key", ["t"])).found is not Found.VALUE
    async with Redis.from_url(fresh_valkey) as other:
        await other.script_flush()
    assert (await tier.look("key", ["t"])).stamps
