"""What keeps a start from happening is one line that says what to do, and nothing is left."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from canvalo.devstack.home import Home
from canvalo.devstack.postgres import EmbeddedPostgres


def refused(server) -> str:
    """The one line of a start that was refused."""
    assert server.end() == 1, server.output
    errors = [line for line in server.lines if line.startswith("error: ")]
    assert len(errors) == 1, server.output
    assert "Traceback" not in server.output
    assert server.processes() == []
    return errors[0]


@pytest.mark.parametrize("variable", ["PORT", "SUPABASE_PORT"])
def test_a_port_in_use(start, variables, variable):
    """The line names the port and the variable that moves ours."""
    with closing(socket.create_server(("127.0.0.1", int(variables[variable])))):
        said = refused(start("--no-demo"))
    assert f"port {variables[variable]} is in use" in said
    assert variable in said


@pytest.mark.parametrize("text", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_none(start, text):
    """The line repeats what was given."""
    said = refused(start(PORT=text))
    assert f"PORT is {text!r}" in said


@pytest.mark.parametrize("url", ["abcd.supabase.co", "https://"])
def test_an_address_of_a_project_that_is_none(start, url):
    """It would start, and fail at each request."""
    said = refused(start(SUPABASE_URL=url, SUPABASE_ANON_KEY="a", SUPABASE_SERVICE_ROLE_KEY="b"))
    assert f"SUPABASE_URL is {url!r}" in said
    assert "https://abcd.supabase.co" in said


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", "postgresql://u:s3cret@127.0.0.1:1/x"),
        ("DATABASE_URL", "postgres:/s3cret"),
        ("VALKEY_URL", "redis://:s3cret@127.0.0.1:1/0"),
        ("CELERY_BROKER_URL", "redis://:s3cret@127.0.0.1:1/0"),
    ],
)
def test_a_server_of_ones_own_that_does_not_answer(start, variable, url):
    """Its variable is named before anything starts; what is in it is not shown."""
    server = start("--no-demo", **{variable: url})
    assert f"{variable} is set, but no server answers there" in refused(server)
    assert "s3cret" not in server.output


def test_an_option_that_there_is_not(start):
    """The usage is the one of `script/server`, without the commands behind it."""
    server = start("--prot", "8001")
    assert server.end() == 2, server.output
    assert "usage: script/server [-h] [--no-demo] [--port PORT]" in server.output


def test_a_folder_that_cannot_be_written(start):
    """Also as root, who may write almost everywhere."""
    said = refused(start(CANVALO_HOME="/dev/null/home"))
    assert "/dev/null/home cannot be written" in said
    assert "CANVALO_HOME" in said


def test_data_of_another_postgresql(start, home):
    """Its rows are left as they are."""
    home.mkdir(mode=0o700)
    data = EmbeddedPostgres(Home(home)).place.data
    data.mkdir(mode=0o700)
    (data / "PG_VERSION").write_text("15\n")
    said = refused(start())
    assert "belongs to PostgreSQL 15" in said
    assert "pg_dump" in said
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_home_that_another_start_uses(start, home):
    """The line names the process that holds it."""
    home.mkdir(mode=0o700)
    held = Home(home)
    held.lock()
    try:
        said = refused(start())
    finally:
        held.unlock()
    assert f"pid {os.getpid()}" in said


def test_secrets_that_others_could_read(start, home):
    """They are refused and not repaired: somebody may have read them."""
    home.mkdir(mode=0o700)
    path = home / "secrets.env"
    path.write_text("DJANGO_SECRET_KEY=known\n")
    path.chmod(0o644)
    said = refused(start())
    assert f"chmod 600 {path}" in said


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SUPABASE_URL": "http://127.0.0.1:9"}, "SUPABASE_ANON_KEY"),
        (
            {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_ANON_KEY": "k"},
            "SUPABASE_SERVICE_ROLE_KEY",
        ),
        ({"SUPABASE_ANON_KEY": "k"}, "SUPABASE_URL"),
        ({"SUPABASE_JWT_SECRET": "s"}, "SUPABASE_URL"),
    ],
)
def test_half_a_supabase_project(start, given, missing):
    """A project needs its address and both keys; the line names what is missing."""
    assert missing in refused(start(**given))


def test_help_is_short_and_starts_nothing(start, home):
    """It names the folder and the ports."""
    server = start("--help")
    assert server.end() == 0
    assert "CANVALO_HOME" in server.output
    assert not Path(home).exists()
