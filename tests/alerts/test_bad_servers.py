"""Servers that stall, hang up, drop and greylist: nothing is lost, and the log says what was."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from optimizer import tasks
from optimizer.alerts.deliver import LEASE, MAX_ATTEMPTS, deliver_due, pause_after
from optimizer.models import Outbox
from tests.alerts import badly
from tests.alerts.badly import bad_server
from tests.alerts.conftest import point_at
from tests.alerts.factories import NOON, OutboxFactory
from tests.alerts.killing import killed_before

pytestmark = pytest.mark.django_db


def deliver_at(now):
    """One run at a time that stands still."""
    return deliver_due(lambda: now)


def outcomes(mail):
    """What came of each attempt."""
    return [attempt.outcome for attempt in mail.log.all()]


@pytest.mark.parametrize(
    ("manner", "outcome", "error"),
    [
        (badly.STALLS, "failed", "timed out"),
        (badly.HANGS_UP, "failed", "SMTPServerDisconnected"),
        (badly.DROPS_THE_MAIL, "unknown", "SMTPServerDisconnected"),
        (badly.STALLS_WITH_THE_MAIL, "unknown", "timed out"),
    ],
)
def test_a_server_that_misbehaves_costs_an_attempt_and_no_mail(
    mail_server, settings, manner, outcome, error
):
    """The next attempt, at a better server, arrives; the log says whether the first may have."""
    mail, good = OutboxFactory(), settings.EMAIL_PORT
    with bad_server(manner) as (port, _):
        settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = port, 0.3
        assert deliver_at(NOON) == 0
    mail.refresh_from_db()
    assert (mail.state, outcomes(mail)) == ("pending", [outcome])
    assert error in mail.log.get().detail
    point_at(settings, good)
    assert deliver_at(NOON + pause_after(1)) == 1
    assert (len(mail_server.taken), outcomes(mail)) == (1, [outcome, "sent"])


def test_a_mail_taken_whose_answer_was_lost_comes_twice_under_one_id(mail_server, settings):
    """At least once: the reader's program shows it once, and the log has both attempts."""
    mail, good = OutboxFactory(), settings.EMAIL_PORT
    with bad_server(badly.DROPS_AFTER_TAKING) as (port, taken):
        settings.EMAIL_PORT = port
        assert deliver_at(NOON) == 0
        assert len(taken) == 1
    point_at(settings, good)
    assert deliver_at(NOON + pause_after(1)) == 1
    identity = mail_server.taken[0]["Message-ID"]
    assert f"Message-ID: {identity}".encode() in taken[0]
    assert outcomes(mail) == ["unknown", "sent"]


def test_a_greylisting_server_is_asked_until_it_takes_the_mail(mail_server):
    """Three refusals for now, an hour apart at most."""
    mail = OutboxFactory()
    mail_server.replies = ["451 greylisted"] * 3
    now, sent = NOON, 0
    while not sent:
        sent = deliver_at(now)
        mail.refresh_from_db()
        now = mail.next_attempt_at
    assert now - NOON < timedelta(minutes=10)
    assert outcomes(mail) == ["failed", "failed", "failed", "sent"]


def test_a_sender_killed_after_the_server_took_the_mail_is_on_the_log(mail_server):
    """Nobody knows whether it arrived, so it is sent again, and the log says so."""
    mail = OutboxFactory()
    killed_before('"sent_at" =', lambda: deliver_at(NOON))
    assert outcomes(mail) == ["open"]
    assert deliver_at(NOON + LEASE) == 1
    assert outcomes(mail) == ["lost", "sent"]
    assert len({taken["Message-ID"] for taken in mail_server.taken}) == 1


@pytest.mark.usefixtures("fresh_valkey")
def test_a_dead_letter_is_shown_with_each_attempt_and_sent_again_from_the_admin(
    client, mail_server
):
    """Refused ten times, cured, tried again: it arrives, and the count of attempts goes on."""
    mail = OutboxFactory()
    mail_server.replies = ["451 not now"] * MAX_ATTEMPTS
    for _ in range(MAX_ATTEMPTS):
        mail.refresh_from_db()
        deliver_at(mail.next_attempt_at)
    client.force_login(get_user_model().objects.create_superuser("alice", "a@example.com", "pw"))
    page = reverse("admin:optimizer_outbox_changelist")
    assert "dead" in client.get(page, {"state__exact": "dead"}).content.decode()
    one = client.get(reverse("admin:optimizer_outbox_change", args=[mail.pk])).content.decode()
    assert one.count("451") >= MAX_ATTEMPTS
    client.post(page, {"action": "retry", "_selected_action": [mail.pk]})
    Outbox.objects.update(next_attempt_at=timezone.now())
    tasks.deliver_alerts()
    mail.refresh_from_db()
    assert (mail.state, len(mail_server.taken)) == ("sent", 1)
    assert list(mail.log.values_list("number", flat=True)) == list(range(1, MAX_ATTEMPTS + 2))
