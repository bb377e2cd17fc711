"""`manage.py postgrest`: how it starts, refuses to, and ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psycopg
import pytest

from canvalo.devstack import ports, schema
from canvalo.devstack.errors import DevstackError
from canvalo.devstack.postgrest import settings
from canvalo.devstack.waiting import until
from tests.stack import PROJECT, answers

SECRET = "s" * 40


@pytest.fixture
def command(stack):
    """Starts the command with options; what is still running at the end is killed."""
    schema.apply(stack.supabase_database, PROJECT / "supabase")
    started = []

    def start(*options, **environment):
        # Django's own database is out of reach: the command has no need of it.
        given = {
            **os.environ,
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "PGRST_DB_URI": stack.supabase_database,
            "PGRST_JWT_SECRET": SECRET,
            "PGRST_ANON_ROLE": "anon",
            **environment,
        }
        line = [sys.executable, "manage.py", "postgrest", *options]
        process = subprocess.Popen(
            line, cwd=PROJECT, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_says_nothing(command, number):
    port = ports.find_free()
    process = command("--schemas", "api", "--port", str(port))
    until(lambda: answers(f"http://127.0.0.1:{port}"), 30, lambda: "no answer")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/contacts?limit=1") as answer:
        assert answer.read() == b"[]"
    process.send_signal(number)
    assert process.wait(10) == 0
    assert process.stdout.read() == b""


def test_a_held_back_answer_plays_a_distant_server(command):
    port = ports.find_free()
    command("--schemas", "api", "--port", str(port), PGRST_LATENCY_MS="150")
    until(lambda: answers(f"http://127.0.0.1:{port}"), 30, lambda: "no answer")
    began = time.monotonic()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/contacts?limit=1").close()
    assert time.monotonic() - began >= 0.15


def ending(process):
    """The exit code and the only line that was written."""
    output, _ = process.communicate(timeout=30)
    return process.returncode, output.decode().strip()


def test_a_port_in_use_is_one_clear_line(command):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, line = ending(command("--port", str(port)))
    assert code == 1
    assert line == f"CommandError: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_database_out_of_reach_is_one_clear_line(command):
    code, line = ending(
        command("--db-uri", "postgresql://x@127.0.0.1:1/x", "--port", str(ports.find_free()))
    )
    assert code == 1
    assert line.startswith("CommandError: cannot reach the database: ")
    assert "\n" not in line


def test_a_schema_that_is_not_there_is_one_clear_line(command):
    code, line = ending(command("--schemas", "api,nope", "--port", str(ports.find_free())))
    assert (code, line) == (1, "CommandError: the database has no schema nope")


def test_a_short_secret_is_one_clear_line(command):
    code, line = ending(command("--jwt-secret", "short", "--port", str(ports.find_free())))
    assert (code, line) == (1, "CommandError: the JWT secret must be at least 32 characters long")


def test_webhooks_are_on_only_as_long_as_it_runs(command, stack):
    port = ports.find_free()
    with psycopg.connect(stack.supabase_database, autocommit=True) as connection:

        def is_on():
            query = "select is_on from canvalo_webhooks.switch"
            return connection.execute(query).fetchone()[0]

        process = command("--port", str(port), "--webhook-url", "http://127.0.0.1:1/hook")
        until(is_on, 30, lambda: "never on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not is_on()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "no database: give --db-uri or set PGRST_DB_URI"),
        ({"db_uri": "x", "port": "many"}, "port is 'many': give a whole number"),
        ({"db_uri": "x", "max_rows": "-1"}, "max-rows is '-1': give a whole number"),
        ({"db_uri": "x", "schemas": " , "}, "no schemas: give --schemas or set PGRST_SCHEMAS"),
    ],
)
def test_what_cannot_be_meant_is_refused(texts, message):
    with pytest.raises(DevstackError) as caught:
        settings.build(texts)
    assert str(caught.value) == message


def test_the_environment_and_postgrests_own_names_are_heard():
    given = {
        "PGRST_DB_URI": "uri",
        "PGRST_DB_SCHEMAS": "one, two",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_SERVER_PORT": "1234",
        "PGRST_DB_MAX_ROWS": "50",
        "PGRST_DB_AGGREGATES_ENABLED": "true",
        "PGRST_DB_TX_END": "commit",
    }
    found = settings.build(settings.from_environment(given))
    assert (found.db_uri, found.schemas, found.anon_role) == ("uri", ("one", "two"), "anon")
    assert (found.port, found.max_rows, found.aggregates) == (1234, 50, True)
    assert found.tx_override is False
    assert "uri" not in repr(found)
