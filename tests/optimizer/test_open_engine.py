"""Opening the engine without Django's settings."""

import asyncio
import os
import subprocess
import sys

import pytest

from canvalo.devstack import tokens
from optimizer import Config, open_engine, runtime, supabase_client
from optimizer.errors import ConfigurationError
from tests.optimizer.callers import SECRET, ask, user


@pytest.fixture
def config(upstream, fresh_valkey, monkeypatch):
    """This server's, by way of no settings; the process begins to count anew."""
    monkeypatch.setattr(runtime, "_recorder", None)
    key = tokens.api_key(SECRET, "anon")
    return Config(upstream.url, key, jwt_secret=SECRET, valkey_url=fresh_valkey)


async def test_the_public_functions_use_the_open_engine(config, upstream):
    """And what it opened is closed at the end."""
    async with open_engine(config) as engine:
        assert [await ask(engine, user()) for _ in range(2)] == ["miss", "hit"]
        async with supabase_client(access_token=user()) as client:
            await client.schema("api").table("contacts").select("*").execute()
    assert len(upstream.asked) == 1
    assert asyncio.get_running_loop() not in runtime._runtimes


async def test_it_is_closed_when_the_block_fails(config):
    """The error goes on; the next block opens anew."""
    with pytest.raises(ZeroDivisionError):
        async with open_engine(config):
            raise ZeroDivisionError
    async with open_engine(config) as engine:
        assert await ask(engine, user()) == "miss"


async def test_a_second_one_in_the_same_loop_is_refused(config):
    """Two would not know of each other's clients; the first goes on."""
    async with open_engine(config) as engine:
        with pytest.raises(ConfigurationError, match="already"):
            async with open_engine(config):
                pass
        assert await ask(engine, user()) == "miss"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"supabase_url": ""}, "SUPABASE_URL .*supabase_url"),
        ({"anon_key": ""}, "SUPABASE_ANON_KEY .*anon_key"),
        ({"valkey_url": ""}, "VALKEY_URL .*valkey_url"),
    ],
)
async def test_what_is_missing_is_named(config, given, named):
    """As the setting and as the field."""
    parts = {name: getattr(config, name) for name in Config.__slots__}
    with pytest.raises(ConfigurationError, match=named):
        async with open_engine(Config(**{**parts, **given})) as engine:
            await ask(engine, user())


def test_without_django_and_without_an_open_engine_it_says_what_to_do():
    """Not Django's own sentence about a module that the caller never heard of."""
    code = (
        "import asyncio, optimizer\n"
        "async def main():\n"
        "    optimizer.supabase_client()\n"
        "asyncio.run(main())"
    )
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert "ConfigurationError: no engine is open here" in done.stderr
