"""Webhooks: what a program gets, what is tried again, and where no request ever goes."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from pydantic import ValidationError as PydanticError

from canvalo.environment import Environment
from optimizer.alerts.deliver import deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.hooks import is_public
from optimizer.alerts.signing import signed
from tests.alerts.badly import HANGS_UP, bad_server
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
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


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


def test_a_program_that_takes_it_and_hangs_up_may_have_it(settings):
    """It is tried again under the same key, and the log says that it may have arrived."""
    settings.CANVALO_ALERT_PRIVATE_WEBHOOKS = True
    with bad_server(HANGS_UP) as (port, _):
        mail = deliver(OutboxFactory(recipient=f"http://127.0.0.1:{port}/"))
    assert mail.state == "pending"
    assert mail.log.get().outcome == "unknown"


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
        ("64:ff9b:1::a00:1", False),
        ("::7f00:1", False),
        ("fec0::1", False),
        ("192.88.99.1", False),
        ("3fff::1", False),
        ("255.255.255.255", False),
        ("64:ff9b::5db8:d822", True),
    ],
)
def test_what_counts_as_public(address, public):
    """Addresses hidden in others are unwrapped."""
    assert is_public(address) is public


def test_two_webhooks_that_differ_in_a_letters_case_are_two(hook):
    """A key in the address may; each program gets its own."""
    AlertRuleFactory(recipients=f"{hook.url}a, {hook.url}A")
    for n in range(3):
        traffic(n, 2, 8)
        evaluate_all(stored_at(n))
    assert grouped(stored_at(2)) == 2
    deliver_due(lambda: stored_at(3))
    assert {path for path, _, _ in hook.taken} == {"/hook?key=1a", "/hook?key=1A"}


def verified(headers, body, secret):
    """Whether a receiver who holds the secret may believe it, as Standard Webhooks says."""
    lower = {name.lower(): value for name, value in headers.items()}
    content = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.new(key, content, "sha256").digest()).decode()
    return f"v1,{right}" in lower["webhook-signature"].split()


def test_a_receiver_can_tell_that_it_came_from_here(hook, settings):
    """The signature covers id, time and every byte of the body; the secret is nowhere in it."""
    settings.CANVALO_ALERT_WEBHOOK_SECRET = SECRET
    mail = deliver(OutboxFactory(recipient=hook.url, payload={"text": "Größe"}))
    [(path, headers, _)], [body] = hook.taken, hook.bodies
    assert mail.state == "sent"
    assert verified(headers, body, SECRET)
    assert not verified(headers, body + b" ", SECRET)
    assert not verified(headers, body, OTHER)
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert headers["webhook-id"] == headers["Idempotency-Key"] == mail.key
    assert SECRET.removeprefix("whsec_") not in f"{path}{headers}{body!r}"


def test_while_a_secret_is_replaced_both_are_good(hook, settings):
    """The receiver changes over when it likes."""
    settings.CANVALO_ALERT_WEBHOOK_SECRET = f"{SECRET} {OTHER}"
    deliver(OutboxFactory(recipient=hook.url))
    [(_, headers, _)], [body] = hook.taken, hook.bodies
    assert verified(headers, body, SECRET)
    assert verified(headers, body, OTHER)


def test_a_repeated_attempt_is_signed_anew(hook, settings):
    """Same id, later time: a receiver that refuses old timestamps takes it all the same."""
    settings.CANVALO_ALERT_WEBHOOK_SECRET = SECRET
    hook.statuses = [503]
    mail = deliver(OutboxFactory(recipient=hook.url))
    deliver(mail, mail.next_attempt_at)
    first, second = (headers for _, headers, _ in hook.taken)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 30
    assert verified(second, hook.bodies[1], SECRET)


def test_without_a_secret_nothing_pretends_to_be_signed(hook):
    """No header of that kind."""
    deliver(OutboxFactory(recipient=hook.url))
    [(_, headers, _)] = hook.taken
    assert not any(name.lower().startswith("webhook-") for name in headers)


def test_the_signature_is_that_of_the_standards_own_example():
    """Its secret, id, time and body."""
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["hunter2hunter2", "whsec_c2hvcnQ=", "whsec_!!!", f"{SECRET} x"])
def test_a_secret_that_cannot_sign_is_refused_at_start_and_not_repeated(secret):
    """With the variable's name."""
    with pytest.raises(PydanticError) as refused:
        Environment(canvalo_alert_webhook_secret=secret)
    assert "canvalo_alert_webhook_secret" in str(refused.value)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["ftp://x.org/", "https://", "https://u:p@x.org/", "file:///etc/passwd", "http://x:0/"],
)
def test_what_is_no_webhook_is_refused_in_the_form(address):
    """Only http and https, and no password in the address."""
    with pytest.raises(ValidationError, match="Not an e-mail address"):
        AlertRuleFactory.build(recipients=address).full_clean()
