"""The whole stack as one command: it serves, keeps its data, ends in order, and recovers."""

import os
import re
import signal
import stat
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from canvalo.devstack import envfile
from tests.processes.conftest import Server

LIST = "/api/contacts?limit=5"
PRINTED = r"user admin, password (\S+) "


def modes(path: Path) -> dict[Path, int]:
    """The permissions of a folder and of all above it."""
    return {folder: stat.S_IMODE(folder.stat().st_mode) for folder in [path, *path.parents]}


def ask_twice(server: Server) -> None:
    """The engine serves: the first list is a miss, the second a hit with an equal body."""
    token = server.manage("devtoken", "alice")
    first, second = server.get(LIST, token), server.get(LIST, token)
    assert (first.status_code, first.headers["x-cache"]) == (200, "miss"), first.text
    assert (second.status_code, second.headers["x-cache"]) == (200, "hit")
    assert first.content == second.content
    assert len(first.json()) == 5


def test_from_an_empty_folder_to_a_hit_and_back_to_nothing(start, home):
    """The first run makes secrets and an admin; the end leaves files and no process."""
    home.mkdir(mode=0o700, parents=True)
    before = modes(home)
    server = start("--no-demo").ready()
    assert re.search(PRINTED, server.output)
    ask_twice(server)
    assert server.get("/health").json()["status"] == "ok"
    assert server.get("/").headers["location"] == "/login/?next=/"
    for name in ("secrets.env", "run.env"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert server.end(signal.SIGINT) == 0
    assert server.processes() == []
    assert modes(home) == before
    assert server.lines[-1].startswith("stopped after")


def test_a_second_start_keeps_secrets_admin_and_rows(start, home):
    """Nothing is made anew, and a row that was written is still there."""
    first = start("--no-demo").ready()
    token = first.manage("devtoken", "alice")
    secrets = (home / "secrets.env").read_text()
    made = {"name": "Ada Lovelace"}
    row = first_post(first, token, made)
    assert first.end(signal.SIGTERM) == 0

    second = start("--no-demo").ready()
    assert not re.search(PRINTED, second.output)
    assert (home / "secrets.env").read_text() == secrets
    assert second.get(f"/api/contacts/{row['id']}", token).json() == row
    assert second.end(signal.SIGHUP) == 0
    assert second.processes() == []


def first_post(server: Server, token: str, values: dict) -> dict:
    """Create a contact and return it as stored."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{server.url}/api/contacts", json=values, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.slow
def test_a_signal_while_it_starts_leaves_nothing(start):
    """Whatever had been started by then ends."""
    server = start("--no-demo")
    server.line("bringing the databases up to date")
    assert server.end(signal.SIGTERM) == 130
    assert server.processes() == []


@pytest.mark.slow
@pytest.mark.parametrize("part", ["canvalo.asgi", "manage.py postgrest", "celery", "valkey-server"])
def test_a_part_that_is_killed_ends_the_rest_and_the_next_start_recovers(start, part):
    """The exit code says that something was wrong, and a line says what."""
    server = start("--no-demo").ready()
    server.named(part).kill()
    assert server.end() == 1
    assert re.search(r"ended by signal 9 \(SIGKILL\)", server.output)
    assert server.processes() == []
    again = start("--no-demo").ready()
    ask_twice(again)
    assert again.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_postgresql_killed_keeps_what_was_committed(start):
    """Its log is replayed at the next start."""
    server = start("--no-demo").ready()
    token = server.manage("devtoken", "alice")
    row = first_post(server, token, {"name": "Ada Lovelace"})
    for process in server.processes():
        if process.name() == "postgres":
            process.kill()
    assert server.end() == 1
    assert server.processes() == []
    again = start("--no-demo").ready()
    assert again.get(f"/api/contacts/{row['id']}", token).json() == row
    assert again.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_the_command_itself_killed_leaves_what_the_next_start_clears_away(start):
    """The orphans hold the ports and the data; they are found, ended, and said."""
    server = start("--no-demo").ready()
    server.process.kill()
    server.process.wait()
    assert server.processes() != []
    again = start("--no-demo").ready()
    assert re.search(r"ended \d+ processes that an earlier run left behind", again.output)
    ask_twice(again)
    assert again.end(signal.SIGTERM) == 0
    assert again.processes() == []


@pytest.mark.slow
def test_a_store_s_memory_outlives_a_restart(start, home):
    """Valkey writes its append-only file: the counts are still there."""
    server = start("--no-demo").ready()
    ask_twice(server)
    token = server.manage("apitoken", "test")
    before = server.get("/api/optimization/stats", token).json()["requests"]
    assert server.end(signal.SIGTERM) == 0
    again = start("--no-demo").ready()
    after = again.get("/api/optimization/stats", token).json()["requests"]
    assert after["asked"] == before["asked"] == 2
    assert after["sent"] == before["sent"] == 1
    assert again.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_only_the_stand_in_may_open_supabase_s_database(start, home):
    """The application's own address does not reach it."""
    server = start("--no-demo").ready()
    addresses = envfile.read(home / "run.env")
    told = {p.environ().get("DEVSTACK_SUPABASE_DB_URI") for p in server.processes() if alive(p)}
    assert told == {None}
    other = addresses["DATABASE_URL"].replace("/canvalo?", "/supabase?")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(other)
    assert server.end(signal.SIGTERM) == 0


def alive(process: psutil.Process) -> bool:
    """Whether it can be looked into: PostgreSQL's run as another user or overwrite theirs."""
    try:
        return process.name() != "postgres" and bool(process.environ())
    except psutil.Error:
        return False


@pytest.mark.slow
def test_servers_that_the_environment_names_are_used(start, stack, home):
    """Then no store is started, and their data are where they were."""
    with redis.Redis.from_url(stack.valkey.url) as client:
        client.flushall()
    database = make_database(stack, "elsewhere")
    server = start("--no-demo", DATABASE_URL=database, VALKEY_URL=stack.valkey.url).ready()
    ask_twice(server)
    with redis.Redis.from_url(stack.valkey.url) as client:
        assert any(key.startswith(b"{canvalo}") for key in client.scan_iter())
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from auth_user").fetchone() == (1,)
    assert not any(process.name() == "valkey-server" for process in server.processes())
    assert server.end(signal.SIGTERM) == 0


def make_database(stack, name: str) -> str:
    """An empty database of the session's PostgreSQL that Django's role owns."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name}")
    return url.replace("/canvalo?", f"/{name}?")


@pytest.mark.slow
def test_what_is_written_past_the_engine_is_seen(start, home):
    """The stand-in posts Supabase's webhook for every row that psql changes."""
    server = start("--no-demo").ready()
    ask_twice(server)
    token = server.manage("devtoken", "alice")
    with psycopg.connect(envfile.read(home / "run.env")["DEVSTACK_SUPABASE_DB_URI"]) as connection:
        row = server.get(LIST, token).json()[0]
        connection.execute("update api.contacts set phone = '42' where id = %s", [row["id"]])
    deadline = time.monotonic() + 30
    while (phone := server.get(LIST, token).json()[0]["phone"]) != "42":
        assert time.monotonic() < deadline, phone
    assert server.end(signal.SIGTERM) == 0
