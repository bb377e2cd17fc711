"""How long an answer may be served."""

import pytest

from optimizer.domain.ttl import is_fresh

FILLED = 1_000_000.0


@pytest.mark.parametrize(
    ("after", "ttl", "fresh"),
    [(0, 300, True), (299.9, 300, True), (300, 300, False), (301, 300, False), (0, 0, False)],
)
def test_an_answer_is_served_for_less_than_its_ttl(after, ttl, fresh):
    """At its end it is over, and a TTL of zero serves nothing, however new."""
    assert is_fresh(FILLED, ttl, FILLED + after) is fresh


def test_a_lowered_ttl_takes_hold_of_what_is_stored():
    """The entry does not remember the TTL of its fill."""
    assert is_fresh(FILLED, 300, FILLED + 60)
    assert not is_fresh(FILLED, 30, FILLED + 60)
