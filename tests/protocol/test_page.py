"""What `docs/protocol.md` says of clauses, code and counterexamples is there."""

import pkgutil
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.protocol.clauses import NAMES
from tests.protocol.scenarios import SCENARIOS
from tests.stack import PROJECT

PAGE = (PROJECT / "docs" / "protocol.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| .* \| (.*) \| (.*) \|$", re.MULTILINE)
ROWS = {clause: (where, worlds) for clause, where, worlds in ROW.findall(PAGE)}
PLACES = sorted(set(re.findall(r"`(optimizer\.[\w.]+)`", PAGE)))


def test_every_clause_is_on_the_page():
    """In the table, in the model's words."""
    assert set(ROWS) == set(NAMES)


def test_every_counterexample_is_on_the_page():
    """Beside its clause."""
    worlds = defaultdict(list)
    for scenario in SCENARIOS:
        worlds[scenario.clause].append(scenario.name)
    shown = {clause: listed.split("; ") for clause, (_, listed) in ROWS.items()}
    assert shown == worlds


@pytest.mark.parametrize("place", PLACES)
def test_the_code_that_the_page_names_exists(place):
    """Whoever renames it finds the page."""
    pkgutil.resolve_name(place)


def test_the_steps_to_a_counterexample_can_be_read():
    """By the command that the page gives."""
    name = re.search(r'python -m tests\.protocol "(.*)"', PAGE)[1]
    command = [sys.executable, "-m", "tests.protocol", name]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "P0 dies" in done.stdout
    assert "→ P1 holds v0 in L1 for good" in done.stdout
