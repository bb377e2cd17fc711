"""The command line of `script/bench`, with benches that are quick because they measure nothing."""

import json
import subprocess
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks.report import Row
from tests.stack import PROJECT


@pytest.fixture
def benches(monkeypatch):
    """Two benches: one whose bar holds, one whose does not; each notes how it was called."""
    called = []

    def bench(ours):
        def run(quick):
            called.append(quick)
            return [Row("figure", ours, 1, "<= 3")]

        return run

    monkeypatch.setattr(command, "BENCHES", {"good": bench(2), "bad": bench(4)})
    return called


def test_without_a_name_they_are_listed_with_a_line_each(capsys):
    """One learns what there is."""
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(command.BENCHES)
    assert all(len(line) > 20 for line in lines)


def test_an_unknown_name_is_refused_and_says_which_there_are(capsys):
    """A slip must not look like success."""
    with pytest.raises(SystemExit) as refused:
        command.main(["nonsense"])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert "'nonsense'" in said
    assert all(name in said for name in command.BENCHES)


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("bad", 1)])
def test_the_exit_code_says_whether_the_bars_hold(benches, name, code):
    """A gate needs no more."""
    assert command.main([name]) == code


def test_quick_reaches_the_bench(benches):
    """It alone knows what to leave out."""
    command.main(["good"])
    command.main(["good", "--quick"])
    assert benches == [False, True]


def test_versions_come_first_and_json_on_the_last_line(benches, capsys):
    """A figure without its machine and versions cannot be judged."""
    command.main(["bad", "--json"])
    lines = capsys.readouterr().out.splitlines()
    head = "\n".join(lines[:5])
    assert all(word in head for word in ("cores", "Python", "PostgreSQL", "Valkey 9", "httpx"))
    assert json.loads(lines[-1])["rows"][0]["holds"] is False


def test_without_json_there_is_none(benches, capsys):
    """The table is for a person."""
    command.main(["good"])
    assert "{" not in capsys.readouterr().out


@pytest.mark.thorough
def test_it_runs_as_a_module():
    """As script/bench starts it."""
    asked = [sys.executable, "-m", "benchmarks"]
    listed = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "flow:" in listed.stdout
    refused = subprocess.run([*asked, "x"], cwd=PROJECT, capture_output=True, text=True)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
