"""Real processes killed by SIGKILL between any two steps: what becomes of the alert."""

import pytest

from optimizer.alerts.deliver import LEASE, deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.grouping import group_due
from optimizer.domain.recency import MINUTE
from optimizer.models import AlertRule, AlertState, MinuteTally, Notice, Outbox, SnapshotRun
from tests.alerts.factories import AlertRuleFactory, stored_at, traffic
from tests.alerts.processes import killed_for_real

NOW = stored_at(2)  # when the rule fires
SOON, LATER = NOW + MINUTE, NOW + MINUTE + LEASE


def everything_at(judged, sent):
    """One run of each of the three."""
    evaluate_all(judged)
    group_due(sent)
    deliver_due(lambda: sent)


def about_to_fire():
    """Two bad minutes are judged, and the third is stored."""
    for model in (Notice, Outbox, AlertRule, MinuteTally, SnapshotRun):
        model.objects.all().delete()
    AlertRuleFactory()
    for n in range(3):
        traffic(n, 2, 8)
        if n < 2:
            evaluate_all(stored_at(n))


def outcomes():
    """What came of each attempt at the one mail."""
    return list(Outbox.objects.get().log.values_list("outcome", flat=True))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_between_any_two_steps_it_arrives_once_or_the_log_says_why_twice(mail_server):
    """Before each statement, each line to the mail server and each answer of it, in turn."""
    step, twice, died = 0, [], True
    while died:
        about_to_fire()
        mail_server.taken.clear()
        died = killed_for_real(step, lambda: everything_at(NOW, SOON))
        everything_at(NOW, SOON)  # the next run, which finds what is left undone
        everything_at(NOW, LATER)  # and the one after the lease
        assert AlertState.objects.get().phase == "firing", step
        assert Notice.objects.get().fate == "mailed", step
        assert Outbox.objects.get().state == "sent", step
        assert len({mail["Message-ID"] for mail in mail_server.taken}) == 1, step
        if len(mail_server.taken) > 1:
            assert (len(mail_server.taken), outcomes()) == (2, ["lost", "sent"]), step
            twice.append(step)
        step += 1
    assert step > 40
    # Only from the server's acceptance to the commit, which are neighbours.
    assert 1 <= len(twice) <= 8
    assert twice == list(range(twice[0], twice[-1] + 1))
