"""The checker of histories on the running engine: clean as it is, and not without a safeguard."""

import pytest

from benchmarks import report
from benchmarks.truth import directed, faults, scenarios
from benchmarks.truth.checker import Rule
from benchmarks.truth.place import place

FOUND = {
    "stamps": Rule.PROCESS,
    "l1pos": Rule.PROCESS,
    "join": Rule.PROCESS,
    "epoch": Rule.PROCESS,
    "marker": Rule.BOUND,  # what the dead writer wrote is still not seen
    "begin": Rule.BOUND,
    "lease": Rule.BOUND,
    "token": Rule.TOKEN,
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def where():
    """Servers, tables and gates for all tests of this file."""
    with place() as running:
        yield running


@pytest.mark.parametrize("scenario", scenarios.CALM, ids=lambda scenario: scenario.name)
def test_no_read_misses_what_it_was_promised(where, scenario):
    """Four processes at once, for a moment; overlaps and hits are for the bench's longer runs."""
    rows = scenarios.run(where, scenario, 5.0)
    checked = [row for row in rows if row.bar and row.bar.startswith("<=")]
    assert len(checked) >= 3
    assert report.passed(checked), report.table(rows)


@pytest.mark.parametrize("safeguard", sorted(faults.SWITCHES))
def test_each_safeguard_is_needed_and_its_absence_is_found(where, safeguard):
    """The same course of events, with it and without."""
    with_it = directed.run(where, safeguard, off=False)
    assert (with_it.violations, with_it.unanswered, with_it.refused) == ([], 0, 0)
    without = directed.run(where, safeguard, off=True)
    assert FOUND[safeguard] in {violation.rule for violation in without.violations}
