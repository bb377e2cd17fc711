"""The composition root: opened at first use, one a process and loop, whole under load."""

import asyncio
import gc
import json
import os
import time

import pytest
import pytest_asyncio

from canvalo.devstack import tokens
from optimizer import runtime
from optimizer.conf import OptimizationSettings
from optimizer.defaults import Defaults
from optimizer.domain.facts import CacheFault
from optimizer.errors import CacheUnavailable, ConfigurationError
from optimizer.runtime import Config, Runtime
from tests.optimizer.callers import SECRET, Listening, ask, user
from tests.optimizer.upstream import rows
from tests.optimizer.waiting import WITHIN, until


@pytest_asyncio.fixture
async def opened(upstream, wire):
    """Opens runtimes for this server, by way of a wire to Valkey."""
    made = []

    def open_one(**more):
        given = {
            "supabase_url": upstream.url,
            "anon_key": tokens.api_key(SECRET, "anon"),
            "service_role_key": tokens.api_key(SECRET, "service_role"),
            "jwt_secret": SECRET,
            "valkey_url": wire.url,
            **more,
        }
        made.append(Runtime(Config(**given), Listening(), OptimizationSettings(Defaults())))
        return made[-1]

    yield open_one
    for one in made:
        await one.close()


async def test_a_read_is_answered_from_the_cache_the_second_time(opened, upstream):
    """Everything is wired together."""
    engine = opened()
    assert [await ask(engine, user()) for _ in range(2)] == ["miss", "hit"]
    assert len(upstream.asked) == 1


async def test_an_address_that_ends_with_a_slash_is_the_same_project(opened, upstream):
    """As people copy it."""
    engine = opened(supabase_url=f"{upstream.url}/")
    assert [await ask(engine, user()) for _ in range(2)] == ["miss", "hit"]
    assert upstream.asked[0].path == "/rest/v1/contacts"


async def test_three_hundred_callers_at_once_are_one_call_and_no_fault(opened, upstream):
    """More callers than connections to Valkey wait for one; none goes past the cache."""
    engine = opened()
    upstream.gate.clear()
    tasks = [asyncio.create_task(ask(engine, user())) for _ in range(300)]
    await upstream.arrived.wait()
    upstream.gate.set()
    outcomes = await asyncio.gather(*tasks)
    assert len(upstream.asked) == 1
    assert outcomes.count("miss") == 1
    assert set(outcomes) <= {"miss", "coalesced", "hit"}
    assert not [fact for fact in engine.recorder.facts if isinstance(fact, CacheFault)]


async def test_tokens_signed_with_published_keys_are_cached(opened, upstream):
    """The keys come from the project's own address."""
    keys = tokens.new_jwks()
    published = rows(tokens.public_jwks(keys))
    upstream.answer = lambda asked: published if "jwks" in asked.path else rows([])
    url = f"{upstream.url}/auth/v1/.well-known/jwks.json"
    engine = opened(jwt_secret="", jwks_url=url)
    token = tokens.mint_with_key(keys["keys"][0], role="authenticated", sub="alice")
    assert [await ask(engine, token) for _ in range(2)] == ["miss", "hit"]
    assert [asked.path for asked in upstream.asked].count("/auth/v1/.well-known/jwks.json") == 1


@pytest.mark.parametrize("reply", [rows({}, 500), (200, {}, b"<html>"), rows([])])
async def test_keys_that_cannot_be_read_leave_reads_uncached(opened, upstream, reply):
    """A gateway's page in their place is no error of the read's."""
    upstream.answer = lambda asked: reply if "jwks" in asked.path else rows([])
    engine = opened(jwt_secret="", jwks_url=f"{upstream.url}/jwks")
    token = tokens.mint_with_key(tokens.new_jwks()["keys"][0], role="authenticated")
    assert await ask(engine, token) == "bypass"


async def test_who_speaks_with_which_key(opened, upstream):
    """A token with its own; a user id with the service role's; nobody with the public one."""
    engine = opened()
    token = user()
    for who in ({"token": token}, {"user_id": "alice"}, {}):
        await ask(engine, **who)
    config, asked = engine.config, upstream.asked
    assert [one.bearer for one in asked] == [token, config.service_role_key, config.anon_key]
    assert [one.headers["apikey"] for one in asked] == [
        config.anon_key, config.service_role_key, config.anon_key
    ]  # fmt: skip


async def test_a_user_id_without_the_service_key_is_refused(opened, upstream):
    """It would otherwise be asked as anon, and answered with nothing."""
    engine = opened(service_role_key="")
    with pytest.raises(ConfigurationError, match="SUPABASE_SERVICE_ROLE_KEY"):
        await ask(engine, user_id="alice")
    assert upstream.asked == []


async def test_with_valkey_away_everything_goes_on(opened, upstream, wire):
    """Reads and writes are answered, quickly, and what is owed is touched on its return."""
    engine, other = opened(), opened()
    engine.start()
    for one in (engine, other):
        await ask(one, user())
    await wire.cut()
    start = time.monotonic()
    assert await ask(engine, user()) in ("hit", "bypass")  # within the bound nobody is asked
    async with engine.pool.get_connection(jwt_token=user()) as client:
        await client.schema("api").table("contacts").insert({"name": "Ada"}).execute()
    assert time.monotonic() - start < WITHIN
    wire.mend()
    await until(lambda: not engine.engine._fence.owed)
    assert await ask(other, user()) == "miss"


async def test_what_is_owed_is_touched_when_the_process_ends(opened, wire):
    """Nobody else would do it."""
    engine, other = opened(), opened()
    await ask(other, user())
    await wire.cut()
    async with engine.pool.get_connection(jwt_token=user()) as client:
        await client.schema("api").table("contacts").insert({"name": "Ada"}).execute()
    wire.mend()
    await engine.close()
    assert await ask(other, user()) == "miss"


@pytest.mark.usefixtures("fresh_valkey")
def test_the_sizes_of_a_cache_that_is_away_are_told_soon(monkeypatch):
    """A page waits for them."""
    config = Config("http://127.0.0.1:1", "anon", valkey_url="redis://127.0.0.1:1/0")
    monkeypatch.setattr(runtime, "_django_config", lambda: config)
    start = time.monotonic()
    with pytest.raises(CacheUnavailable):
        runtime.cache_sizes()
    assert time.monotonic() - start < 1


# ---- one a process and loop


def test_there_is_no_runtime_outside_a_loop(configured):
    """Its connections belong to one."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        runtime.current()


def test_a_loop_that_has_ended_takes_its_runtime_with_it(configured):
    """As a management command, or a view that is called by `async_to_sync`, ends its loop."""

    async def one():
        assert runtime.current() is runtime.current()
        await runtime.current().valkey.ping()
        return runtime.current()

    first = asyncio.run(one())

    async def two():
        second = runtime.current()
        await second.valkey.ping()
        assert first not in runtime._runtimes.values()
        await runtime.close_current()
        return second

    assert asyncio.run(two()) is not first
    assert runtime._runtimes == {}


async def test_closing_what_was_never_opened_is_nothing(configured):
    """A server that stops before its first request."""
    await runtime.close_current()


async def test_a_fork_starts_empty_and_its_parent_goes_on(configured, upstream):
    """The child has no socket, loop or count of its parent's, and does not disturb them."""
    configured.SUPABASE_URL = upstream.url
    parent = runtime.current()
    assert [await ask(parent, user()) for _ in range(2)] == ["miss", "hit"]
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, json.dumps(in_child(parent)).encode())
        os._exit(0)
    os.close(writer)
    child = json.loads(await asyncio.to_thread(os.read, reader, 10_000))
    os.close(reader)
    await asyncio.to_thread(os.waitpid, pid, 0)
    assert child == {"runtimes": 0, "shared": False, "outcome": "hit"}
    assert await asyncio.wait_for(ask(parent, user()), WITHIN) == "hit"
    upstream.answer = lambda _: rows([])
    assert await asyncio.wait_for(ask(parent, user("bob")), WITHIN) == "miss"
    await runtime.close_current()


def in_child(parent):
    """What a child of a fork finds; it reads the parent's entry by a connection of its own."""
    found = {"runtimes": len(runtime._runtimes), "shared": runtime.recorder() is parent.recorder}
    gc.collect()

    async def read():
        outcome = await ask(runtime.current(), user())
        await runtime.close_current()
        return outcome

    return {**found, "outcome": asyncio.run(read())}
