"""Webhooks: what a program gets, what is tried again, and where no request ever goes."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from optimizer.alerts.deliver import deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.hooks import is_public
from tests.alerts.conftest import free_port
from tests.alerts.factories import (
    NOON,
    AlertRuleFactory,
    OutboxFactory,
    grouped,
    stored_at,
    traffic,
)
from tests.alerts.program import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings):
    """A program on this machine, which the settings allow to call."""
    settings.CANVALO_ALERT_PRIVATE_WEBHOOKS = True
    with program() as server:
        yield server


def deliver(mail, now=NOON):
    """One run; the mail afterwards."""
    deliver_due(lambda: now)
    mail.refresh_from_db()
    return mail


def test_an_alert_reaches_a_program(hook):
    """From the counted minutes to the POST, with a key by which it knows a repetition."""
    AlertRuleFactory(recipients=f"alice@example.com, {hook.url}")
    for n in range(3):
        traffic(n, 2, 8)
        evaluate_all(stored_at(n))
    assert grouped(stored_at(2)) == 2
    deliver_due(lambda: stored_at(3))
    [(path, headers, body)] = hook.taken
    assert path == "/hook?key=1"
    assert len(headers["Idempotency-Key"]) == 64
    assert headers["Host"] == hook.url.split("/")[2]
    assert [event["value"] for event in body["events"]] == [20.0]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "sent"),
        (204, "sent"),
        (410, "dead"),
        (302, "dead"),
        (429, "pending"),
        (503, "pending"),
    ],
)
def test_the_answer_decides_whether_it_is_tried_again(hook, status, state):
    """Refused for good, or for now; and a redirect is not followed."""
    hook.statuses = [status]
    mail = deliver(OutboxFactory(recipient=hook.url))
    assert mail.state == state
    assert (str(status) in mail.last_error) is (state != "sent")
    assert len(hook.taken) == 1


def test_where_nobody_answers_it_is_tried_again(settings):
    """The program is being restarted."""
    settings.CANVALO_ALERT_PRIVATE_WEBHOOKS = True
    mail = deliver(OutboxFactory(recipient=f"http://127.0.0.1:{free_port()}/"))
    assert (mail.state, mail.next_attempt_at) == ("pending", NOON + timedelta(seconds=30))
    assert "ConnectError" in mail.last_error


def test_no_request_leaves_for_a_private_address(hook, settings):
    """Not by its number, nor by a name that leads there; and it is said."""
    settings.CANVALO_ALERT_PRIVATE_WEBHOOKS = False
    for host in ("127.0.0.1", "localhost"):
        mail = deliver(OutboxFactory(recipient=hook.url.replace("127.0.0.1", host)))
        assert (mail.state, hook.taken) == ("dead", [])
        assert f"{host} is not a public address" in mail.last_error


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
    ],
)
def test_what_counts_as_public(address, public):
    """Addresses hidden in others are unwrapped."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    "address",
    ["ftp://x.org/", "https://", "https://u:p@x.org/", "file:///etc/passwd", "http://x:0/"],
)
def test_what_is_no_webhook_is_refused_in_the_form(address):
    """Only http and https, and no password in the address."""
    with pytest.raises(ValidationError, match="Not an e-mail address"):
        AlertRuleFactory.build(recipients=address).full_clean()
