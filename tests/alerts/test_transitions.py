"""The history of a rule: where it stood and from when, written with the state itself."""

from datetime import timedelta

import pytest

from optimizer import selectors
from optimizer.alerts import evaluate
from optimizer.alerts.expire import KEPT, expire
from optimizer.domain.rules import Phase
from optimizer.models import AlertTransition
from tests.alerts.factories import NOON, AlertRuleFactory, minute_at, stored_at, traffic

pytestmark = pytest.mark.django_db
BAD, GOOD = (4, 6), (9, 1)
DAY = timedelta(days=1)


def judge(minutes):
    """Count and judge one minute after the other."""
    for n, (hits, misses) in enumerate(minutes):
        traffic(n, hits, misses)
        evaluate.evaluate_all(stored_at(n))


def history(start=NOON - DAY, end=NOON + DAY):
    """Phase, begin and end of each stretch, the oldest first."""
    return [(one.phase, one.start, one.end) for one in reversed(selectors.phases(start, end))]


def test_each_move_of_a_rule_is_kept_once_with_when_it_was():
    """Good, bad for two minutes, good again for two: five moves, however often it is judged."""
    AlertRuleFactory()
    judge([GOOD, BAD, BAD, BAD, GOOD, GOOD, GOOD])
    evaluate.evaluate_all(stored_at(6))
    assert history() == [
        (Phase.OK, minute_at(1), minute_at(2)),
        (Phase.PENDING, minute_at(2), minute_at(4)),
        (Phase.FIRING, minute_at(4), minute_at(5)),
        (Phase.RECOVERING, minute_at(5), minute_at(7)),
        (Phase.OK, minute_at(7), None),
    ]


def test_a_range_shows_what_had_begun_before_it():
    """Whoever looks at an hour in the middle of an alarm sees the alarm."""
    AlertRuleFactory()
    judge([BAD] * 4)
    assert history(minute_at(30), minute_at(90)) == [(Phase.FIRING, minute_at(3), None)]
    assert history(NOON - DAY, NOON) == []


def test_a_move_that_was_not_made_is_not_kept(monkeypatch):
    """Where the notices cannot be written, neither state nor history says that they were."""

    def fail(*_args):
        raise RuntimeError("killed")

    rule = AlertRuleFactory()
    judge([BAD, BAD])
    monkeypatch.setattr(evaluate.notices, "put_turn", fail)
    traffic(2, *BAD)
    with pytest.raises(RuntimeError):
        evaluate.evaluate(rule, minute_at(3), stored_at(2))
    assert [phase for phase, *_ in history()] == [Phase.PENDING]


def test_the_history_ends_after_ninety_days_save_for_where_a_rule_stands():
    """A rule that has been well for a year was well all the time."""
    AlertRuleFactory()
    judge([GOOD, BAD, BAD, BAD, GOOD, GOOD, GOOD])
    assert expire(NOON + KEPT) == 0
    expire(NOON + KEPT + DAY)
    assert [move.phase for move in AlertTransition.objects.all()] == [Phase.OK]
    assert history(NOON + KEPT, NOON + KEPT + DAY) == [(Phase.OK, minute_at(7), None)]
