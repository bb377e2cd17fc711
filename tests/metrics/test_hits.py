"""Hits that are added up before they are told: each in the minute in which it happened."""

from optimizer.domain.hits import HitCounts
from tests.metrics.factories import NOON

MINUTE = int(NOON.timestamp())


def told(times):
    """Minute → hits, for hits at these times, handed over at each None."""
    facts = []
    counts = HitCounts(facts.append)
    for at in (*times, None):
        if at is None:
            counts.hand_over()
        else:
            counts.add(("api.contacts", "GET"), at, 900, 10, 1)
    found = {}
    for fact in facts:
        found[fact.minute] = found.get(fact.minute, 0) + fact.tally.count
    return found


def test_a_minute_ends_when_it_ends():
    """Also between two deliveries."""
    assert told([MINUTE + 1, MINUTE + 59.9, MINUTE + 60]) == {MINUTE: 2, MINUTE + 60: 1}


def test_a_clock_that_is_set_right_leads_no_later_hit_astray():
    """It was an hour ahead: what comes after the next delivery is in its own minute again."""
    assert told([MINUTE + 3600, None, MINUTE + 1, MINUTE + 2]) == {MINUTE + 3600: 1, MINUTE: 2}
