"""Leaving: a link opens a form, and only a POST changes anything."""

from urllib.parse import urlsplit

import pytest

from optimizer.alerts import unsubscribe
from optimizer.alerts.deliver import deliver_due
from optimizer.models import Recipient
from tests.alerts.factories import NOON, AlertRuleFactory, OutboxFactory

pytestmark = pytest.mark.django_db
ALICE = "alice@example.com"


def way_out(address=ALICE):
    """The path of the link."""
    return urlsplit(unsubscribe.link(address)).path


def has_left(address=ALICE):
    """Whether it is told nothing."""
    return Recipient.objects.filter(address=address).exclude(unsubscribed_at=None).exists()


def test_opening_the_link_shows_a_form_and_changes_nothing(client):
    """Mail scanners open every link."""
    AlertRuleFactory(name="Contacts", recipients=ALICE)
    AlertRuleFactory(name="Not hers", recipients="malice@example.com")
    page = client.get(way_out()).content.decode()
    assert "<form method=" in page
    assert "Contacts" in page
    assert "Not hers" not in page
    assert not Recipient.objects.exists()


def test_one_click_of_a_mail_program_unsubscribes(client):
    """The POST of RFC 8058, from a server that has no cookie of ours."""
    client.handler.enforce_csrf_checks = True
    done = client.post(way_out("Alice@Example.com"), {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert has_left()
    assert client.post(way_out(), {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_one_may_leave_one_rule_and_come_back(client):
    """And be told of the others meanwhile."""
    rule = AlertRuleFactory(recipients=ALICE)
    page = client.post(way_out(), {"rule": rule.pk}).content.decode()
    assert f"no more mails of “{rule.name}”" in page
    assert not has_left()
    assert list(Recipient.objects.get().muted.all()) == [rule]
    client.post(way_out())
    assert has_left()
    client.post(way_out(), {"action": "return"})
    assert not has_left()
    assert not Recipient.objects.get().muted.exists()


def test_a_forged_link_leads_nowhere(client):
    """Nobody unsubscribes somebody else."""
    token = way_out().rpartition("/")[2]
    assert client.post(way_out().replace(token, f"{token}x")).status_code == 404
    assert client.post("/alerts/unsubscribe/ImJvYkBleGFtcGxlLmNvbSI:x").status_code == 404
    assert not Recipient.objects.exists()


def test_a_mail_carries_the_way_out_in_its_head(mail_server, settings):
    """With the one-click only where the link is https, as the RFC asks."""
    settings.CANVALO_BASE_URL = "https://canvalo.example"
    OutboxFactory()
    deliver_due(lambda: NOON)
    settings.CANVALO_BASE_URL = "http://127.0.0.1:8000"
    OutboxFactory()
    deliver_due(lambda: NOON)
    secure, plain = mail_server.taken
    assert (
        secure["List-Unsubscribe"]
        .strip()
        .startswith("<https://canvalo.example/alerts/unsubscribe/")
    )
    assert secure["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert plain["List-Unsubscribe"].strip().startswith("<http://127.0.0.1:8000/")
    assert plain["List-Unsubscribe-Post"] is None
