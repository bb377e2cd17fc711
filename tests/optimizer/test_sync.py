"""The sync twin: supabase-py's own sync client, served by one loop in a thread of its own."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from supabase import Client

from optimizer import runtime, supabase_client_sync
from optimizer.errors import TokenMissing, UpstreamError
from optimizer.upstream.pool import PoolGauges
from tests.optimizer.callers import user
from tests.optimizer.upstream import rows
from tests.stack import PROJECT

pytestmark = pytest.mark.usefixtures("twin")


def contacts(client):
    """A query."""
    return client.schema("api").table("contacts").select("*")


def test_it_is_a_genuine_sync_client_before_the_same_cache(served):
    """Two reads are one call, also through a client of another lease."""
    for _ in range(2):
        with supabase_client_sync(access_token=user()) as client:
            assert type(client) is Client
            assert contacts(client).execute().data == [{"id": 1}]
    assert len(served.asked) == 1


def test_a_client_is_pooled_and_given_back(served):
    """Also after an error."""
    with supabase_client_sync(access_token="a") as one:
        pass
    with pytest.raises(ZeroDivisionError), supabase_client_sync(access_token="a") as again:
        1 / 0  # noqa: B018
    assert again is one
    assert gauges() == PoolGauges(1, 0)


def gauges():
    """Of the twin's pool."""

    async def look():
        return runtime.current().sync_pool.gauges

    return runtime.own_loop.run(look)


def test_errors_come_to_the_caller(served):
    """As they would in an event loop."""
    with pytest.raises(TokenMissing), supabase_client_sync(access_token=""):
        pass
    served.answer = lambda _: None
    with supabase_client_sync(access_token=user()) as client, pytest.raises(UpstreamError):
        client.schema("api").table("contacts").insert({"name": "Ada"}).execute()


def test_many_threads_share_one_loop_and_never_a_token(served):
    """Each request carries its own caller's."""
    served.answer = lambda asked: rows([{"who": asked.bearer}])

    def work(name):
        for _ in range(5):
            with supabase_client_sync(access_token=name) as client:
                assert contacts(client).execute().data == [{"who": name}]

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, [f"user-{n}" for n in range(40)]))
    assert len(served.asked) == 200
    assert [t.name for t in threading.enumerate()].count("canvalo-loop") == 2  # and the server's


def test_uploads_and_downloads_pass_untouched(served):
    """By storage: bytes up from a file, bytes down in parts."""
    body = os.urandom(300_000)
    served.answer = lambda asked: (
        (200, {}, body) if asked.method == "GET" else rows({"Key": "a", "Id": "1"})
    )
    with supabase_client_sync(access_token=user()) as client:
        client.storage.from_("files").upload("a.bin", body)
        assert client.storage.from_("files").download("a.bin") == body
    assert body in served.asked[0].body


async def test_in_its_own_loop_it_refuses_instead_of_waiting_for_itself():
    """A deadlock would say nothing."""

    async def wrong():
        with supabase_client_sync(access_token="a"):
            pass

    with pytest.raises(RuntimeError, match="async client"):
        runtime.own_loop.run(wrong)


def test_a_fork_gets_a_loop_of_its_own_and_its_parent_goes_on(served):
    """As Celery's and Gunicorn's workers are made."""
    with supabase_client_sync(access_token=user()) as client:
        contacts(client).execute()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with supabase_client_sync(access_token=user("bob")) as client:
            found = contacts(client).execute().data
        os.write(writer, json.dumps(found).encode())
        os._exit(0)
    os.close(writer)
    assert json.loads(os.read(reader, 1000)) == [{"id": 1}]
    os.close(reader)
    os.waitpid(pid, 0)
    with supabase_client_sync(access_token=user("carol")) as client:
        assert contacts(client).execute().data == [{"id": 1}]


SCRIPT = """
import django; django.setup()
from optimizer import supabase_client_sync
with supabase_client_sync(access_token="a") as client:
    print(client.schema("api").table("contacts").select("*").execute().data)
"""


@pytest.mark.django_db
def test_a_script_ends_cleanly(served, stack):
    """It says nothing at its end."""
    database = stack.postgres.url(connection.settings_dict["NAME"])
    environment = {**os.environ, "SUPABASE_URL": served.url, "DATABASE_URL": database}
    environment["DJANGO_SETTINGS_MODULE"] = "canvalo.settings"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "[{'id': 1}]\n", "")
