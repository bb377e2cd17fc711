"""Judging stored traffic: one mail a turn, whoever judges and whatever is killed."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from optimizer.alerts import evaluate, series
from optimizer.alerts.evaluate import evaluate_all
from optimizer.models import AlertRule, AlertState, MinuteTally, Notice, Outbox
from tests.alerts.factories import (
    NOON,
    AlertRuleFactory,
    grouped,
    minute_at,
    stored_at,
    traffic,
)
from tests.alerts.killing import overtaken_at
from tests.alerts.race import kill_on_insert, let_live, locked, race

pytestmark = pytest.mark.django_db
BAD, GOOD = (4, 6), (9, 1)


def judge(minutes, first=0):
    """Count and judge one minute after the other; how many notices each wrote."""
    written = []
    for n, (hits, misses) in enumerate(minutes, first):
        traffic(n, hits, misses)
        written.append(evaluate_all(stored_at(n)))
    return written


def test_a_table_whose_hit_rate_stays_low_is_mailed_once():
    """It fires when the rate has been low for two minutes, and says so once."""
    AlertRuleFactory()
    assert judge([BAD] * 6) == [0, 0, 1, 0, 0, 0]
    state = AlertState.objects.get()
    assert (state.phase, state.alarm_since) == ("firing", minute_at(1))
    assert (state.last_value, state.last_samples) == (40.0, 10)
    assert grouped(stored_at(6)) == 1
    mail = Outbox.objects.get()
    assert (mail.recipient, mail.state) == ("alice@example.com", "pending")
    assert "hit rate of api.contacts is 40.0 %" in mail.subject


def test_recovery_is_mailed_with_how_long_it_lasted():
    """The second mail tells the duration."""
    AlertRuleFactory()
    assert sum(judge([BAD] * 4 + [GOOD] * 4)) == 2
    assert "is back at 90.0 % after 4 min" in Notice.objects.first().told["headline"]


def test_each_recipient_gets_a_mail_of_their_own():
    """So one address that is refused keeps nothing from the others."""
    AlertRuleFactory(recipients="alice@example.com, bob@example.com\nALICE@example.com")
    assert judge([BAD] * 3) == [0, 0, 2]
    sent_to = {mail.recipient.lower() for mail in Notice.objects.all()}
    assert sent_to == {"alice@example.com", "bob@example.com"}


def test_a_rule_that_is_off_is_not_judged():
    """Neither a mail nor a state."""
    AlertRuleFactory(enabled=False)
    assert sum(judge([BAD] * 6)) == 0
    assert not AlertState.objects.exists()


def test_looking_more_often_changes_nothing():
    """Beat every second or every minute: the same turns."""
    AlertRuleFactory()
    written = 0
    for n in range(3):
        traffic(n, *BAD)
        written += sum(evaluate_all(stored_at(n) + timedelta(seconds=s)) for s in range(5))
    assert written == 1


def test_no_snapshot_and_no_traffic_are_no_data():
    """Nothing known, or nothing read: neither is a hit rate of zero."""
    AlertRuleFactory()
    evaluate_all(NOON)
    assert (AlertState.objects.get().phase, AlertState.objects.get().last_value) == (
        "no_data",
        None,
    )
    assert sum(judge([(0, 0)] * 6)) == 0
    assert AlertState.objects.get().phase == "no_data"
    assert judge([(0, 10)] * 3, first=6) == [0, 0, 1]
    assert AlertState.objects.get().last_value == 0.0


def test_when_the_snapshot_stops_nothing_is_concluded():
    """The last minutes were bad, and an hour later nobody knows."""
    AlertRuleFactory(window_minutes=120)
    judge([BAD] * 2)
    assert evaluate_all(stored_at(61)) == 0
    assert AlertState.objects.get().phase == "no_data"


@pytest.mark.parametrize(
    ("relation", "samples"),
    [("", 35), ("api.contacts", 10), ("contacts", 15), ("acts", 0), ("api.invoices", 20)],
)
def test_a_rule_counts_its_table_and_its_window(relation, samples):
    """All tables, one, or those of one name in every schema; only reads, only in the window."""
    rule = AlertRuleFactory.build(relation=relation, window_minutes=2).as_rule()
    traffic(0, 500, 500)
    traffic(1, 4, 1)
    traffic(2, 4, 1)
    traffic(2, 4, 1, relation="crm.contacts")
    traffic(2, 10, 10, relation="api.invoices")
    traffic(3, 500, 500)
    assert series.observe(rule, minute_at(3), stored_at(3)).samples == samples


def test_minutes_that_are_not_over_do_not_count():
    """A clock that was once ahead leaves minutes of the future behind."""
    traffic(0, *BAD)
    traffic(500, *BAD)
    assert series.data_until(stored_at(0)) == minute_at(1)
    assert series.data_until(NOON) is None


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_mail_once():
    """Both read the same state and both decide to fire; one moves the row on, one mail is left."""
    AlertRuleFactory()
    judge([BAD] * 2)
    traffic(2, *BAD)
    state = AlertState.objects.get()
    assert sorted(race(state, lambda: evaluate_all(stored_at(2)))) == [0, 1]
    assert Notice.objects.count() == 1
    assert AlertState.objects.get().version == state.version + 1


@pytest.mark.django_db(transaction=True)
def test_killed_between_state_and_mail_nothing_is_lost():
    """The connection dies after the state was written: neither is kept, and the next run mails."""
    AlertRuleFactory()
    judge([BAD] * 2)
    traffic(2, *BAD)
    kill_on_insert(Notice._meta.db_table)
    try:
        with pytest.raises(OperationalError):
            evaluate_all(stored_at(2))
    finally:
        let_live()
    assert (AlertState.objects.get().phase, Notice.objects.count()) == ("pending", 0)
    assert evaluate_all(stored_at(2)) == 1
    assert evaluate_all(stored_at(2)) == 0


def test_a_rule_deleted_takes_its_state_and_leaves_its_mails():
    """The delivery log outlives the rule."""
    rule = AlertRuleFactory()
    judge([BAD] * 3)
    grouped(stored_at(2))
    rule.delete()
    assert not AlertRule.objects.exists()
    assert not AlertState.objects.exists()
    assert Outbox.objects.get().rule is None
    assert Notice.objects.get().rule is None


def last_headline():
    """What was told last."""
    return Notice.objects.first().told["headline"]


def test_a_rule_switched_off_while_it_fires_closes_its_alarm_and_says_so():
    """Once; and when it is on again it begins anew."""
    AlertRuleFactory(name="r")
    judge([BAD] * 3)
    AlertRule.objects.update(enabled=False)
    assert judge([BAD] * 3, first=3) == [1, 0, 0]
    assert last_headline() == (
        "r: the rule was switched off; its alarm ends here, whatever became of the trouble"
    )
    AlertRule.objects.update(enabled=True)
    assert judge([BAD] * 4, first=6) == [0, 0, 1, 0]
    assert Notice.objects.first().event == "fired"


@pytest.mark.django_db(transaction=True)
def test_an_evaluator_at_the_same_time_does_not_keep_an_end_from_being_told():
    """It holds the state when the rule is about to be deleted; the end is told once."""
    rule = AlertRuleFactory()
    judge([BAD] * 3)
    traffic(3, *BAD)
    state = AlertState.objects.get()

    written = race(
        state,
        lambda: evaluate_all(stored_at(3)),
        lambda: evaluate.retire(rule, "deleted", stored_at(3)),
    )
    assert sorted(written) == [0, 1]
    assert Notice.objects.filter(event="closed").count() == 1


def test_a_rule_switched_off_while_nothing_is_wrong_says_nothing():
    """There is nothing to end."""
    AlertRuleFactory()
    judge([GOOD] * 3)
    AlertRule.objects.update(enabled=False)
    assert judge([BAD] * 3, first=3) == [0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_rule_deleted_while_it_is_judged_stops_no_other():
    """An operator deletes the first of two while the evaluator has both in hand."""
    first, _ = AlertRuleFactory(name="a"), AlertRuleFactory(name="b")
    judge([BAD] * 2)
    traffic(2, *BAD)
    overtaken_at(2, lambda: evaluate_all(stored_at(2)), AlertRule(pk=first.pk).delete)
    assert [notice.rule.name for notice in Notice.objects.all()] == ["b"]


def test_a_rule_that_makes_no_sense_any_more_stops_no_other():
    """A metric of another version: the rule is in error, says why, and the next one is judged."""
    AlertRuleFactory(name="a"), AlertRuleFactory(name="b")
    judge([BAD] * 2)
    AlertRule.objects.filter(name="a").update(metric="of_tomorrow")
    assert judge([BAD], first=2) == [1]
    broken = AlertState.objects.get(rule__name="a")
    assert (broken.phase, "of_tomorrow" in broken.error) == ("error", True)
    AlertRule.objects.filter(name="a").update(metric="hit_rate")
    judge([GOOD], first=3)
    broken.refresh_from_db()
    assert (broken.phase, broken.error) == ("ok", "")


@pytest.mark.django_db(transaction=True)
def test_a_figure_that_takes_too_long_is_an_error_of_its_rule_alone(monkeypatch):
    """Somebody holds the counted minutes locked; the age of the figures needs none of them."""
    monkeypatch.setattr(evaluate, "READING_LIMIT", 100)
    AlertRuleFactory(name="stuck")
    AlertRuleFactory(
        name="age", metric="snapshot_age", relation="", direction="above", fire_at=9, recover_at=9
    )
    traffic(0, *GOOD)
    with locked(MinuteTally):
        evaluate_all(stored_at(0))
    stuck, age = (AlertState.objects.get(rule__name=name) for name in ("stuck", "age"))
    assert (stuck.phase, age.phase) == ("error", "pending")
    assert "statement timeout" in stuck.error
    judge([GOOD], first=1)
    stuck.refresh_from_db()
    assert stuck.phase == "ok"


def test_a_turn_that_happens_again_at_the_same_time_is_told_again():
    """A clock set back, and the state with it: who is told is decided by the state's version."""
    AlertRuleFactory()
    judge([BAD] * 2)
    pending = AlertState.objects.values("phase", "since", "alarm_since", "judged", "told").get()
    assert judge([BAD], first=2) == [1]
    AlertState.objects.update(**pending)
    assert evaluate_all(stored_at(2)) == 1
    assert Notice.objects.filter(event="fired").count() == 2


def test_the_cost_of_a_look_does_not_grow_with_the_traffic(django_assert_max_num_queries):
    """A handful of statements a rule."""
    AlertRuleFactory()
    for n in range(30):
        traffic(n, *GOOD)
    with django_assert_max_num_queries(17):
        evaluate_all(stored_at(29))
