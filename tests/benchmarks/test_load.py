"""The bench `load`: what it calls wrong, and its short form against the whole product."""

import json
import subprocess
import sys

import pytest

from benchmarks.load.known import BOUND, Known
from tests.stack import PROJECT


@pytest.fixture
def row():
    """Written once at 10 s and once at 20 s, as every process hears."""
    known = Known("row")
    for at in (10.0, 20.0):
        known.acknowledge(known.attempt(), at, announced=True)
    return known


@pytest.mark.parametrize(
    ("start", "least"),
    [(10.0, 0), (10.0 + BOUND, 0), (10.1 + BOUND, 1), (20.0 + BOUND, 1), (20.1 + BOUND, 2)],
)
def test_a_stranger_must_see_what_was_acknowledged_before_the_bound(row, start, least):
    """Not what was a moment ago."""
    assert row.least(start) == least


def test_an_older_value_than_the_least_and_one_that_was_never_written_are_wrong(row):
    """What is between may have been read early or late."""
    assert [row.holds(found, 1) for found in range(4)] == [False, True, True, False]


def test_a_write_of_unknown_outcome_may_be_there_or_not(row):
    """Until the next one is acknowledged."""
    number = row.attempt()
    assert row.holds(2, row.acked)
    assert row.holds(number, row.acked)
    row.acknowledge(row.attempt(), 30.0, announced=True)
    assert not row.holds(number, row.acked)


def test_a_write_that_no_other_process_heard_of_is_not_asked_of_them(row):
    """The writer's token still demands it."""
    row.acknowledge(row.attempt(), 30.0, announced=False)
    assert row.least(100.0) == 2
    assert row.acked == 3


def test_what_is_remembered_of_many_writes_is_little():
    """Half an hour of them."""
    known = Known("row")
    for n in range(100_000):
        known.acknowledge(known.attempt(), n * 0.1, announced=True)
    assert len(known.announced) < 30
    assert known.least(1e9) == 100_000


@pytest.mark.slow
def test_under_load_nothing_is_wrong_and_nothing_is_lost():
    """While worker, beat, Valkey and the upstream are restarted once each."""
    command = [sys.executable, "-m", "benchmarks", "load", "--quick", "--seconds", "30", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert done.stdout.count("restart_") == 4, done.stdout + done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout.splitlines()[-1])["rows"]}
    for name in ("answers checked: wrong, all", "requests: broken off, answered",
                 "counts: lost or too many, requests"):  # fmt: skip
        assert rows[name]["ours"] == 0, done.stdout
        assert rows[name]["theirs"] > 200
    assert rows["web's memory, MB: at the end, once warm"]["ratio"] < 1.3  # half a minute, cold
