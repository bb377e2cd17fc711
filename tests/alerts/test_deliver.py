"""From the outbox to a real mail server: once where it works, visibly where it does not."""

from datetime import timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)

import pytest

from optimizer.alerts import deliver, unsubscribe
from optimizer.alerts.channels import is_final
from optimizer.alerts.deliver import LEASE, MAX_ATTEMPTS, deliver_due, pause_after
from optimizer.models import Outbox
from tests.alerts.factories import NOON, AlertRuleFactory, OutboxFactory
from tests.alerts.race import race

pytestmark = pytest.mark.django_db


def deliver_at(now):
    """One run at a time that stands still."""
    return deliver_due(lambda: now)


def test_a_mail_arrives_with_both_its_bodies(mail_server):
    """Sender, recipient, subject, text and HTML, as they were written."""
    mail = OutboxFactory()
    assert deliver_at(NOON) == 1
    [taken] = mail_server.taken
    assert (taken["To"], taken["From"]) == (mail.recipient, "Canvalo <alerts@canvalo.example>")
    assert taken["Subject"] == mail.subject
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Date"].datetime == NOON
    assert taken.get_body(("plain",)).get_content().strip() == mail.text
    assert taken.get_body(("html",)).get_content().strip() == mail.html
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.sent_at, mail.lease_until) == ("sent", 1, NOON, None)


def test_what_is_sent_is_not_sent_again(mail_server):
    """The next run finds nothing to do."""
    OutboxFactory()
    assert [deliver_at(NOON), deliver_at(NOON + timedelta(days=1))] == [1, 0]
    assert len(mail_server.taken) == 1


def test_refused_for_now_it_is_tried_again_later(mail_server):
    """The error is kept for all to see, the next attempt waits, and then the mail arrives."""
    mail = OutboxFactory()
    mail_server.replies = ["451 greylisted"]
    assert deliver_at(NOON) == 0
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("pending", 1)
    assert "greylisted" in mail.last_error
    assert mail.next_attempt_at == NOON + pause_after(1)
    assert deliver_at(NOON + pause_after(1) - timedelta(seconds=1)) == 0
    assert len(mail_server.tried) == 1
    assert deliver_at(NOON + pause_after(1)) == 1
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == ("sent", 2, "")


def test_refused_for_good_it_is_dead_at_once(mail_server):
    """Nobody of that name: no second attempt, and the reason stands beside it."""
    mail = OutboxFactory()
    mail_server.replies = ["550 no such user"]
    assert deliver_at(NOON) == 0
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("dead", 1)
    assert "no such user" in mail.last_error
    assert deliver_at(NOON + timedelta(days=1)) == 0
    assert len(mail_server.tried) == 1


@pytest.mark.usefixtures("no_mail_server")
def test_without_a_server_it_is_tried_for_hours_and_then_dead():
    """The pauses grow; after the last attempt the mail is dead, with the reason."""
    mail = OutboxFactory()
    now = NOON
    for _ in range(MAX_ATTEMPTS):
        deliver_at(now)
        mail.refresh_from_db()
        now = mail.next_attempt_at
    assert (mail.state, mail.attempts) == ("dead", MAX_ATTEMPTS)
    assert "ConnectionRefusedError" in mail.last_error
    assert timedelta(hours=3) < now - NOON < timedelta(hours=6)


def test_a_dead_mail_can_be_tried_again(mail_server):
    """The operator puts the fault right and revives it; others are left as they are."""
    dead, sent = OutboxFactory(state="dead", attempts=10), OutboxFactory(state="sent")
    assert deliver.retry(Outbox.objects.all(), NOON) == 1
    assert deliver_at(NOON) == 1
    dead.refresh_from_db()
    sent.refresh_from_db()
    assert (dead.state, dead.attempts, sent.state) == ("sent", 1, "sent")
    assert len(mail_server.taken) == 1


def test_what_was_held_up_leaves_in_the_order_in_which_it_was_written(mail_server):
    """The server is back: "fired" before "resolved", though its turn to be tried came later."""
    OutboxFactory(subject="resolved", created_at=NOON + timedelta(minutes=5))
    OutboxFactory(subject="fired", next_attempt_at=NOON + timedelta(minutes=1))
    assert deliver_at(NOON + timedelta(minutes=9)) == 2
    assert [mail["Subject"] for mail in mail_server.taken] == ["fired", "resolved"]


def test_one_mail_that_cannot_be_sent_holds_up_no_other(mail_server):
    """The first is refused, and the second arrives in the same run."""
    OutboxFactory(recipient="nobody@example.com", created_at=NOON - timedelta(minutes=1))
    OutboxFactory(recipient="bob@example.com")
    mail_server.replies = ["550 no such user"]
    assert deliver_at(NOON) == 1
    assert [mail["To"] for mail in mail_server.taken] == ["bob@example.com"]


def test_a_mail_that_no_backend_can_make_is_shown_and_holds_up_no_other(mail_server):
    """A line break in a subject, which Django refuses as an attack."""
    broken = OutboxFactory(subject="a\nBcc: eve@example.com")
    OutboxFactory()
    assert deliver_at(NOON) == 1
    broken.refresh_from_db()
    assert "BadHeaderError" in broken.last_error


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_at_once_send_once(mail_server):
    """Both find the mail due; one claims it."""
    mail = OutboxFactory()
    assert sorted(race(mail, lambda: deliver_at(NOON))) == [0, 1]
    assert len(mail_server.taken) == 1


def test_a_sender_that_died_is_succeeded_when_its_lease_is_over(mail_server):
    """Before that nobody touches its mail; afterwards it arrives under the same Message-ID."""
    mail = OutboxFactory(attempts=1, lease_until=NOON + LEASE)
    assert deliver_at(NOON + LEASE - timedelta(seconds=1)) == 0
    assert deliver_at(NOON + LEASE) == 1
    Outbox.objects.filter(pk=mail.pk).update(state="pending", lease_until=None)
    deliver_at(NOON + LEASE)
    first, second = mail_server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@canvalo.example>")


def test_a_mail_whose_every_sender_died_is_dead(mail_server):
    """Whatever it is that kills them, it does not go on for ever, and it is visible."""
    mail = OutboxFactory(attempts=MAX_ATTEMPTS, lease_until=NOON)
    assert deliver_at(NOON) == 0
    mail.refresh_from_db()
    assert mail.state == "dead"
    assert "ended each time" in mail.last_error
    assert mail_server.tried == []


@pytest.mark.parametrize("state", ["pending", "sent"])
def test_an_outcome_that_comes_after_the_lease_overwrites_nothing(mail_server, caplog, state):
    """A sender that slept for its whole lease finds that another is trying, or has sent."""
    mail = OutboxFactory(lease_until=NOON + LEASE)

    def sleep_through_the_lease():
        Outbox.objects.filter(pk=mail.pk).update(
            state=state, attempts=2, lease_until=NOON + 3 * LEASE
        )
        return NOON + 2 * LEASE

    mail_server.replies = ["451 too late"]
    times = iter([lambda: NOON + LEASE] * 3)
    deliver_due(lambda: next(times, sleep_through_the_lease)())
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == (state, 2, "")
    assert mail.lease_until == NOON + 3 * LEASE
    assert "taken over" in caplog.text


def test_a_slow_server_ends_the_run_in_time(mail_server):
    """After a minute no further mail is begun; the next run goes on."""
    OutboxFactory.create_batch(3)
    times = iter(NOON + timedelta(seconds=25 * n) for n in range(100))
    sent = deliver_due(lambda: next(times))
    assert 0 < sent < 3
    assert deliver_at(NOON + timedelta(hours=1)) == 3 - sent


def leave(mail):
    """The reader opens the link of an earlier mail and unsubscribes."""
    unsubscribe.leave(mail.recipient, None, NOON)


def mute(mail):
    """Of this rule only."""
    unsubscribe.leave(mail.recipient, mail.rule, NOON)


@pytest.mark.parametrize("goes", [leave, mute])
def test_who_leaves_while_a_mail_is_being_retried_does_not_get_it(mail_server, goes):
    """It is dead with that reason, and trying again does not change it."""
    mail = OutboxFactory(rule=AlertRuleFactory(), recipient="Alice@example.com")
    mail_server.replies = ["451 greylisted"]
    deliver_at(NOON)
    goes(mail)
    assert deliver_at(NOON + pause_after(1)) == 0
    mail.refresh_from_db()
    assert (mail.state, mail_server.taken) == ("dead", [])
    assert "has unsubscribed" in mail.last_error
    deliver.retry(Outbox.objects.all(), NOON)
    assert (deliver_at(NOON), mail_server.taken) == (0, [])


def test_a_clock_set_back_holds_up_no_mail(mail_server):
    """Written, and claimed, by a clock that was a day ahead."""
    OutboxFactory(next_attempt_at=NOON + timedelta(days=1))
    OutboxFactory(lease_until=NOON + timedelta(days=1), attempts=1)
    assert deliver_at(NOON) == 2
    assert len(mail_server.taken) == 2


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (SMTPRecipientsRefused({"a@example.com": (550, b"unknown")}), True),
        (SMTPRecipientsRefused({"a@example.com": (450, b"busy")}), False),
        (SMTPDataError(554, b"spam"), True),
        (SMTPDataError(452, b"disk full"), False),
        (SMTPRecipientsRefused({"a@example.com": (530, b"sign in first")}), False),
        (SMTPSenderRefused(550, b"not you", "c@example.com"), False),
        (SMTPSenderRefused(530, b"sign in first", "c@example.com"), False),
        (SMTPSenderRefused(552, b"too large", "c@example.com"), True),
        (SMTPSenderRefused(451, b"not now", "c@example.com"), False),
        (SMTPAuthenticationError(535, b"wrong password"), False),
        (TimeoutError(), False),
    ],
)
def test_only_a_refusal_of_this_mail_is_final(error, final):
    """A wrong password, or sender, is the operator's to put right: the mail waits for it."""
    assert is_final(error) is final
