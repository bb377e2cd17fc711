"""Importing `optimizer`: cheap, without effect, and without Django where none is wanted."""

import asyncio
import os
import subprocess
import sys

import pytest

import optimizer
from tests.optimizer.callers import SECRET, user
from tests.stack import PROJECT


def python(script, **variables):
    """What a program of its own prints, without Django's settings."""
    unset = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "VALKEY_URL", "SUPABASE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(
        command, cwd=PROJECT, env={**kept, **variables}, capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_the_package_costs_nothing_and_opens_nothing():
    """It is safe in any settings module."""
    heavy = "('django', 'supabase', 'httpx', 'redis', 'pydantic')"
    said = python(f"import sys, optimizer; print([m for m in {heavy} if m in sys.modules])")
    assert said == ["[]"]


def test_every_public_name_can_be_had_before_django_is_ready():
    """Without a thread, a socket or a setting."""
    said = python(
        "import optimizer, psutil, threading\n"
        "names = [getattr(optimizer, name) for name in optimizer.__all__]\n"
        "from django.conf import settings\n"
        "sockets = psutil.Process().net_connections()\n"
        "print(len(names), settings.configured, threading.active_count(), len(sockets))"
    )
    assert said == [str(len(optimizer.__all__)), "False", "1", "0"]


def test_a_name_that_does_not_exist_is_an_attribute_error():
    """As in any module."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = optimizer.no_such_name


SCRIPT = """
import asyncio, os
from optimizer.metrics.recorder import Recorder
from optimizer.runtime import Config, Runtime

async def main():
    engine = Runtime(Config(os.environ["URL"], "anon", jwt_secret=os.environ["SECRET"],
                            valkey_url=os.environ["VALKEY"]), Recorder("script"))
    engine.start()
    for _ in range(2):
        async with engine.pool.get_connection(jwt_token=os.environ["TOKEN"]) as client:
            found = await client.schema("api").table("contacts").select("*").execute()
    print(found.data[0]["id"])
    await engine.close()

asyncio.run(main())
"""


async def test_a_program_without_django_composes_an_engine_of_its_own(upstream, fresh_valkey):
    """From domain to engine nothing needs Django."""
    variables = {"URL": upstream.url, "SECRET": SECRET, "VALKEY": fresh_valkey, "TOKEN": user()}
    assert await asyncio.to_thread(python, SCRIPT, **variables) == ["1"]
    assert len(upstream.asked) == 1
