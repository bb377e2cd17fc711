"""The dead man's switch: who notices that nobody judges any more."""

from datetime import datetime, timedelta
from functools import partial

import pytest
import redis
from django.contrib.auth import get_user_model
from django.utils import timezone

from canvalo import watch as web
from optimizer import tasks
from optimizer.alerts import watch
from optimizer.alerts.deliver import retry
from optimizer.alerts.heartbeat import send_heartbeat
from optimizer.models import AlertState, Outbox, Pulse
from tests.alerts.factories import NOON, AlertRuleFactory, OutboxFactory
from tests.alerts.program import program
from tests.metrics.factories import SnapshotRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
BANNER = "Alerts do not work at the moment."
MINUTE = timedelta(minutes=1)


@pytest.fixture
def alice(client, monkeypatch):
    """A member of staff, in front of a web process that has run for an hour."""
    monkeypatch.setattr(web, "STARTED", timezone.now() - 60 * MINUTE)
    user = get_user_model().objects.create_superuser("alice", "alice@example.com", "pw")
    client.force_login(user)
    return client


def all_done(at):
    """Everything recurring was done at this time."""
    SnapshotRunFactory(minute=at.replace(second=0, microsecond=0), ran_at=at)
    for name in (watch.EVALUATIONS, watch.DELIVERIES):
        watch.beat(name, at)


def shows_banner(client, path, which="data-overdue"):
    """Whether the page warns."""
    page = client.get(path).content.decode()
    place = page.index(which)
    return " hidden" not in page[place : page.index(">", place)]


def deep(client):
    """The deep form's status and words."""
    answer = client.get("/health/deep")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_the_pages_warn_when_work_is_overdue(alice, path):
    """Within three minutes, on the dashboard and in the admin; and no longer."""
    all_done(timezone.now())
    assert not shows_banner(alice, path)
    Pulse.objects.update(at=timezone.now() - 3 * MINUTE)
    assert shows_banner(alice, path)
    tasks.evaluate_alerts()
    tasks.deliver_alerts()
    assert not shows_banner(alice, path)


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_the_pages_warn_when_a_mail_was_given_up(alice, path):
    """For a day, until it is tried again, and not where its reader has unsubscribed."""
    all_done(timezone.now())
    banner = partial(shows_banner, alice, path, "data-undelivered")
    mail = OutboxFactory(next_attempt_at=timezone.now())
    left = {"next_attempt_at": timezone.now(), "last_error": "RecipientLeft: has unsubscribed"}
    OutboxFactory(state="dead", **left)
    assert not banner()
    Outbox.objects.filter(pk=mail.pk).update(state="dead")
    assert banner()
    assert alice.get("/data/overdue").json() == {"overdue": [], "undelivered": 1}
    retry(Outbox.objects.filter(pk=mail.pk), timezone.now())
    assert not banner()
    Outbox.objects.update(state="dead", next_attempt_at=timezone.now() - timedelta(hours=25))
    assert not banner()


def test_a_clock_set_back_does_not_blind_the_watch():
    """Work that was done tomorrow says nothing of today."""
    all_done(NOON + timedelta(days=1))
    assert len(watch.late(NOON + 3 * MINUTE, NOON)) == 3
    all_done(NOON + 3 * MINUTE)
    assert watch.late(NOON + 3 * MINUTE, NOON) == []


def test_deep_health_fails_when_work_is_overdue_and_the_others_do_not(alice):
    """It says what is late, and whether worker or beat is to blame."""
    all_done(timezone.now())
    assert deep(alice)[0] == 200
    Pulse.objects.filter(name=watch.EVALUATIONS).update(at=timezone.now() - 3 * MINUTE)
    status, said = deep(alice)
    assert (status, said["evaluations"], said["snapshots"]) == (503, "late", "ok")
    assert said["suspect"] == "beat"
    assert [alice.get(f"/health{form}").status_code for form in ("", "/live", "/ready")] == [
        200
    ] * 3


def test_tasks_that_wait_point_at_the_worker(alice, fresh_valkey):
    """Beat goes on asking, and nobody does it."""
    all_done(timezone.now() - 4 * MINUTE)
    with redis.Redis.from_url(fresh_valkey) as client:
        client.lpush("celery", "a task")
    assert deep(alice)[1]["suspect"] == "worker"


def test_deep_health_fails_on_a_rule_that_cannot_be_judged(alice):
    """An alert that is silent for ever is worse than none."""
    all_done(timezone.now())
    AlertState.objects.create(rule=AlertRuleFactory(), phase="error", since=NOON)
    status, said = deep(alice)
    assert (status, said["rules"]) == (503, "broken")


def test_a_stack_that_was_switched_off_comes_up_without_a_warning(alice, monkeypatch):
    """The work is as old as the night was long, but the web process is new."""
    all_done(timezone.now() - timedelta(hours=9))
    monkeypatch.setattr(web, "STARTED", timezone.now())
    assert (deep(alice)[0], shows_banner(alice, "/")) == (200, False)
    monkeypatch.setattr(web, "STARTED", timezone.now() - 3 * MINUTE)
    assert (deep(alice)[0], shows_banner(alice, "/")) == (503, True)


def test_the_heartbeat_goes_out_while_work_is_done_and_stops_with_it(settings):
    """A service outside notices its absence."""
    with program() as service:
        settings.CANVALO_HEARTBEAT_URL = service.url
        all_done(NOON)
        assert send_heartbeat(NOON + 2 * MINUTE)
        assert len(service.taken) == 1
        assert not send_heartbeat(NOON + 3 * MINUTE)
        assert len(service.taken) == 1
        service.statuses = [500]
        assert not send_heartbeat(NOON)


def test_work_that_was_never_done_is_late_too():
    """From the start of the asker on."""
    late = watch.late(NOON + 3 * MINUTE, NOON)
    assert {one.name for one in late} == {"snapshots", "evaluations", "deliveries"}
    assert watch.late(NOON + 2 * MINUTE, NOON) == []
    assert isinstance(web.STARTED, datetime)
