"""A whole bench, as script/bench runs it: real servers, real figures, nothing left behind."""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from canvalo.devstack import leftovers
from canvalo.devstack.waiting import until
from tests.stack import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where the bench puts its home; short, because sockets live in it."""
    with tempfile.TemporaryDirectory(prefix="cvb-") as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


def test_the_flow_saves_time_and_calls(folder):
    """The product's promise, with its default settings."""
    command = [sys.executable, "-m", "benchmarks", "flow", "--quick", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["bench"] == "flow"
    assert [row["holds"] for row in found["rows"]] == [True, True]
    assert (found["rows"][1]["ours"], found["rows"][1]["theirs"]) == (1, 100)
    assert list(folder.iterdir()) == []


def test_the_pool_stays_within_its_limits(folder):
    """Of clients and of descriptors; what it costs is a matter of the machine's mood."""
    command = [sys.executable, "-m", "benchmarks", "pool", "--quick", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    found = {row["name"]: row for row in json.loads(done.stdout.splitlines()[-1])["rows"]}
    counted = [row["holds"] for name, row in found.items() if not name.startswith("CPU")]
    assert counted == [True, True, None, None, True], done.stdout + done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bench_that_is_interrupted_leaves_nothing(folder, number):
    """Neither folders nor servers."""
    command = [sys.executable, "-m", "benchmarks", "standin"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        until(lambda: any(folder.glob("*/logs/standin.log")), 30, lambda: "it does not start")
        (home,) = folder.iterdir()
        assert leftovers.of(home)
        process.send_signal(number)
        assert process.wait(30) == 130
    finally:
        process.kill()
    assert list(folder.iterdir()) == []
    assert leftovers.of(home) == []


def test_the_next_bench_removes_what_a_killed_one_left(folder):
    """After `kill -9` nobody could tidy up."""
    command = [sys.executable, "-m", "benchmarks", "standin", "--quick"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    until(lambda: any(folder.glob("*/logs/standin.log")), 30, lambda: "it does not start")
    (home,) = folder.iterdir()
    process.kill()
    process.wait()
    assert leftovers.of(home)
    subprocess.run(command, cwd=PROJECT, stdout=subprocess.DEVNULL, timeout=50)
    assert list(folder.iterdir()) == []
    assert leftovers.of(home) == []
