"""The example that the documentation points to, as a newcomer runs it."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest

from canvalo.devstack import envfile
from tests.stack import PROJECT

pytestmark = pytest.mark.slow


def run_example(home) -> subprocess.CompletedProcess[str]:
    """In another terminal, with no variable set but the home."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "examples/optimization_usage.py"],
        cwd=PROJECT,
        env={**keep, "CANVALO_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_shows_each_mechanism_and_leaves_nothing(start, home):
    """A miss that asks and a hit that does not, a shared client, a refused row, nothing left."""
    server = start("--no-demo").ready()
    done = run_example(home)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stderr.splitlines()  # what each batch logs, and nothing that went wrong
    assert all(line.startswith("INFO - Batch ") for line in said), done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines.count("... asking Supabase") == 2  # the first read and the one after the writes
    assert any(line.startswith("hit: ") for line in lines)
    assert "3 projects; the same client again: True" in lines
    assert any(line.startswith("insert: 24 done, 1 refused") for line in lines)
    assert any(line.startswith("row 7 was refused: ") for line in lines)
    assert any(line.startswith("delete: 25 done, 0 refused, 1 calls") for line in lines)
    address = envfile.read(home / "run.env")["DEVSTACK_SUPABASE_DB_URI"]
    with psycopg.connect(address) as database:
        query = "select count(*) from api.contacts where name like 'optimization_usage.py%'"
        assert database.execute(query).fetchone() == (0,)
    assert server.end(signal.SIGTERM) == 0


def test_without_a_server_it_says_so_in_one_line(home):
    """And nothing else."""
    done = run_example(home)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["nothing is running: start script/server first"]
    assert done.stdout == ""
