"""Nobody's client comes to speak for somebody else, whatever a caller does with it."""

import pytest

from optimizer.upstream.pool import PoolGauges
from tests.optimizer.upstream import rows

USER = {"id": "b0b", "aud": "authenticated", "created_at": "2026-01-01T00:00:00Z"}
USER |= {"app_metadata": {}, "user_metadata": {}}
SESSION = {"access_token": "bob", "refresh_token": "r", "token_type": "bearer", "user": USER}
ANON = "anon-key"


@pytest.fixture(autouse=True)
def project(upstream):
    """Signs everybody in as Bob, and answers every list with who asked."""

    def answer(asked):
        if asked.path == "/auth/v1/token":
            return rows({**SESSION, "expires_in": 3600})
        return rows([{"who": asked.bearer}])

    upstream.answer = answer


async def who(client):
    """For whom a client speaks."""
    found = await client.schema("api").table("contacts").select("*").execute()
    return found.data[0]["who"]


async def sign_in(client):
    """As Bob."""
    await client.auth.sign_in_with_password({"email": "bob@example.com", "password": "secret"})


async def by_hand(client):
    """As supabase-py's documentation has it."""
    client.postgrest.auth("bob")
    assert client.postgrest.headers["Authorization"] == "Bearer bob"


async def test_an_anonymous_client_is_one_callers_at_a_time(pool):
    """And who comes after it has another, or the same when it is idle."""
    async with pool.get_connection() as one, pool.get_connection() as other:
        assert one is not other
    async with pool.get_connection() as again:
        assert again in (one, other)


async def test_anonymous_callers_never_wait_and_few_clients_are_kept(pool):
    """What the limit does not hold is closed when it comes back."""
    leases = [pool.get_connection() for _ in range(5)]
    clients = [await lease.__aenter__() for lease in leases]
    assert pool.gauges == PoolGauges(2, 2)
    for lease in leases:
        await lease.__aexit__(None, None, None)
    assert pool.gauges == PoolGauges(2, 0)
    assert sum(client.options.httpx_client.is_closed for client in clients) == 3


async def test_whoever_signs_in_speaks_as_the_user_and_nobody_else_does(pool):
    """The drop-in keeps what supabase-py does; the client is not lent again."""
    async with pool.get_connection() as client, pool.get_connection() as other:
        await sign_in(client)
        assert await who(client) == "bob"
        assert await who(other) == ANON
    for _ in range(3):
        async with pool.get_connection() as later:
            assert later is not client
            assert await who(later) == ANON
            assert await later.auth.get_session() is None


@pytest.mark.parametrize("redress", [sign_in, by_hand])
async def test_a_users_client_that_was_redressed_is_not_lent_again(pool, redress):
    """Whoever comes with Alice's token speaks as Alice."""
    async with pool.get_connection(jwt_token="alice") as client:
        await redress(client)
        async with pool.get_connection(jwt_token="alice") as meanwhile:
            assert await who(meanwhile) == "alice"
    async with pool.get_connection(jwt_token="alice") as later:
        assert await who(later) == "alice"
    assert client.options.httpx_client.is_closed
    assert pool.gauges == PoolGauges(1, 0)


async def test_the_statistics_tell_leases_and_waiting_times(pool, limits, clock):
    """Of this process; in seconds."""
    limits.pool_max_connections = 9
    assert pool.statistics().waited_p50 is None
    for name in ("a", "b", "a"):
        async with pool.get_connection(jwt_token=name):
            pass
    told = pool.statistics()
    assert (told.total, told.active, told.idle, told.waiting) == (2, 0, 2, 0)
    assert (told.leases, told.reused) == (3, 1)
    assert told.waited_p95 < 0.001


async def test_no_cookie_is_kept_from_one_lease_to_the_next(pool, upstream):
    """Not even of an edge that sets one with each answer."""
    upstream.answer = lambda _: rows([{"who": ""}], set_cookie="session=mine; Path=/")
    for _ in range(2):
        async with pool.get_connection() as client:
            await who(client)
            await client.options.httpx_client.get(f"{upstream.url}/auth/v1/user")
    assert [asked.headers.get("cookie") for asked in upstream.asked] == [None] * 4
