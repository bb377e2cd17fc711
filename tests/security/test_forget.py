"""`manage.py forget USER`: afterwards no store holds what it held of the person."""

import asyncio
from io import StringIO

import pytest
import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils.timezone import now

from canvalo.devstack import tokens
from optimizer import get_cache, runtime
from optimizer.cache.steps import INDEX
from optimizer.models import Notice, Outbox, Recipient, SettingsChange
from tests.alerts.factories import AlertRuleFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_valkey")]
ADA = "ada@example.com"


def forget(user=ADA):
    out = StringIO()
    call_command("forget", user, stdout=out)
    return out.getvalue()


def kept(value=None):
    """What is kept for alice, from a process of its own; with a value it is put there first."""

    async def ask():
        cache, key = get_cache(), (tokens.USERS["alice"], "contacts", "p")
        try:
            found = await cache.get(*key)
            if value is not None:
                await cache.set(*key, value)
            return found
        finally:
            await runtime.close_current()

    return asyncio.run(ask())


def test_no_answer_about_the_person_is_left_in_valkey(fresh_valkey):
    """Neither served nor there to be read."""
    kept("alice's telephone")
    assert kept() == "alice's telephone"
    assert "cached answers: 1" in forget(tokens.USERS["alice"])
    with redis.Redis.from_url(fresh_valkey) as valkey:
        assert valkey.keys("{canvalo}:e:*") == []
        assert valkey.zcard(INDEX) == 0  # a miss is none for want of room
    assert kept() is None


@pytest.fixture
def ada(client):
    """An account that signed in and changed something; another administrator is there."""
    users = get_user_model().objects
    users.create_superuser("boss")
    ada = users.create_superuser("ada", email=ADA)
    client.force_login(ada)
    SettingsChange.objects.create(subject="api.contacts", name="ttl_seconds", by=ada)
    return ada


def test_the_account_goes_and_its_record_keeps_no_name(client, ada):
    """By name or by address, and signed out everywhere."""
    assert client.get("/").status_code == 200
    assert "accounts: 1\nsessions: 1" in forget(ADA.upper())
    assert not get_user_model().objects.filter(username="ada").exists()
    assert not Session.objects.exists()
    assert client.get("/").status_code == 302
    assert SettingsChange.objects.get().by is None


def test_the_last_administrator_stays(ada):
    """Nobody could make another."""
    get_user_model().objects.exclude(pk=ada.pk).delete()
    with pytest.raises(CommandError, match="last administrator"):
        forget()
    assert get_user_model().objects.filter(username="ada").exists()


def test_mails_and_the_address_in_rules_go(fresh_valkey):
    """Those of others stay."""
    rule = AlertRuleFactory(recipients=f"{ADA}, bob@example.com")
    for address in (ADA, "bob@example.com"):
        Recipient.objects.create(address=address)
        Notice.objects.create(
            rule=rule, recipient=address, event="fired", key=address, told={}, created_at=now()
        )
    for address in (ADA, "Ada@Example.com", "bob@example.com"):
        Outbox.objects.create(rule=rule, recipient=address, key=f"1 {address}", text="t")
    said = forget()
    assert "mails: 2" in said
    assert "alert rules: 1" in said
    assert [mail.recipient for mail in Outbox.objects.all()] == ["bob@example.com"]
    for kept in (Notice.objects.values_list("recipient"), Recipient.objects.values_list("address")):
        assert list(kept) == [("bob@example.com",)]
    rule.refresh_from_db()
    assert rule.addresses == ["bob@example.com"]


def test_the_address_goes_from_the_record_of_changes(client, ada):
    """Also from what is kept of it so that a change can be taken back."""
    rule = AlertRuleFactory(recipients=f"{ADA}, bob@example.com")
    client.post(f"/admin/optimizer/alertrule/{rule.pk}/delete/", {"post": "yes"})
    person = Recipient.objects.create(address=ADA)
    client.post(f"/admin/optimizer/recipient/{person.pk}/delete/", {"post": "yes"})
    assert SettingsChange.objects.filter(private_before__contains=ADA).count() == 2
    assert "changes: 2" in forget()
    told = [str(value) for row in SettingsChange.objects.values_list() for value in row]
    assert not [text for text in told if "ada@" in text]
    assert any("bob@example.com" in text for text in told)


@pytest.fixture
def _traces(client):
    """Another administrator has made the account, and told the address of alerts."""
    boss = get_user_model().objects.create_superuser("boss")
    client.force_login(boss)
    password = {"password1": "correct horse 7", "password2": "correct horse 7"}
    client.post("/admin/auth/user/add/", {"username": "ada", "usable_password": "true", **password})
    client.post("/admin/optimizer/recipient/add/", {"address": ADA})
    get_user_model().objects.filter(username="ada").update(email=ADA)
    AlertRuleFactory(name="Contacts", recipients=f"{ADA}, bob@example.com")
    assert LogEntry.objects.filter(object_repr__in=("ada", ADA)).count() == 2


def everything():
    """Each row of each table of Django's database, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select t::text from "{table}" t')
            yield from ((table, text) for (text,) in cursor.fetchall())


@pytest.mark.usefixtures("_traces")
@pytest.mark.parametrize("user", ["ada", ADA])
def test_no_table_names_the_person_any_more(user):
    """By the name as by the address; also what others did to the account is without it."""
    assert "log entries: 2" in forget(user)
    assert [row for row in everything() if "ada" in row[1].lower()] == []
    assert any("bob@example.com" in text for _, text in everything())


@pytest.mark.usefixtures("_traces")
def test_an_address_that_has_the_name_in_it_is_somebody_else_s():
    """Nor is it said that something was changed."""
    AlertRuleFactory(recipients="nevada@example.com")
    SettingsChange.objects.create(name="recipients", private_after="nevada@example.com")
    assert "changes: 1" in forget("ada")
    assert SettingsChange.objects.filter(private_after="nevada@example.com").exists()


@pytest.mark.parametrize("user", ["", " "])
def test_nobody_in_particular_is_refused(user):
    """A variable that is not set would mean each account without an address."""
    get_user_model().objects.create_user("bob")
    with pytest.raises(CommandError, match="who"):
        forget(user)
    assert get_user_model().objects.filter(username="bob").exists()


def test_nobody_s_data_is_no_fault():
    """It can be repeated."""
    assert "accounts: 0" in forget("nobody@example.com")


def test_where_valkey_is_away_it_says_so(settings):
    """And can be run again."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(CommandError, match="run this again"):
        forget()
