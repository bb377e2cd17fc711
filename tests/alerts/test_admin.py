"""What an operator can do with alerts in the admin, and what is refused."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from optimizer import tasks
from optimizer.alerts.deliver import deliver_due
from optimizer.alerts.evaluate import evaluate_all
from optimizer.alerts.grouping import GROUP_WAIT, group_due
from optimizer.domain.recency import MINUTE, floor
from optimizer.models import AlertRule, Notice, Outbox, Silence
from tests.alerts.factories import AlertRuleFactory, OutboxFactory, stored_at, traffic
from tests.metrics.factories import MinuteTallyFactory, SnapshotRunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
RULES, MAILS = "admin:optimizer_alertrule_changelist", "admin:optimizer_outbox_changelist"
VALID = {
    "name": "Contacts",
    "enabled": "on",
    "relation": "api.contacts",
    "fire_at": "60",
    "recover_at": "70",
    "metric": "hit_rate",
    "direction": "below",
    "severity": "warning",
    "reminder_minutes": "0",
    "window_minutes": "10",
    "for_minutes": "5",
    "min_samples": "20",
    "recipients": "alice@example.com\nbob@example.com",
}


@pytest.fixture
def alice(client):
    """An operator, signed in."""
    user = get_user_model().objects.create_superuser("alice", "alice@example.com", "pw")
    client.force_login(user)
    return client


def add(client, **changes):
    """Send the form for a new rule; its errors."""
    response = client.post(reverse("admin:optimizer_alertrule_add"), {**VALID, **changes})
    return response.context["adminform"].form.errors if response.status_code == 200 else {}


def act(client, page, action, row):
    """Use an action of a list on one row; the page that follows."""
    chosen = {"action": action, "_selected_action": [row.pk]}
    return client.post(reverse(page), chosen, follow=True).content.decode()


def test_a_rule_is_made_in_the_admin(alice):
    """All its parts are kept."""
    assert add(alice) == {}
    rule = AlertRule.objects.get()
    assert rule.addresses == ["alice@example.com", "bob@example.com"]
    assert (rule.as_rule().fire_at, rule.as_rule().hold) == (60.0, 5 * MINUTE)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("fire_at", "-1", "percent, 0 to 100"),
        ("recover_at", "100.5", "percent, 0 to 100"),
        ("recover_at", "59", "on the good side of it"),
        ("recipients", "alice@example.com, bob", "Not an e-mail address: bob"),
        ("recipients", " , ", "at least one e-mail address"),
        ("recipients", "", "required"),
        ("window_minutes", "0", "greater than or equal to 1"),
        ("for_minutes", "0", "greater than or equal to 1"),
        ("min_samples", "0", "greater than or equal to 1"),
        ("relation", "a b", "Write a table"),
        ("name", "", "required"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(alice, field, value, message):
    """Beside the form, before anything is stored."""
    assert message in str(add(alice, **{field: value}))
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize("thresholds", [(60, 50), (-1, 50), (60, 101)])
def test_the_database_refuses_them_too(thresholds):
    """Whoever writes past the form."""
    fire, recover = thresholds
    with pytest.raises(IntegrityError):
        AlertRuleFactory(fire_at=fire, recover_at=recover)


def test_a_header_cannot_be_smuggled_into_an_address():
    """A line break ends an address."""
    with pytest.raises(ValidationError, match="Bcc"):
        AlertRuleFactory.build(recipients="a@example.com\nBcc: eve@example.com").full_clean()


def test_the_list_says_where_each_rule_stands(alice):
    """State and last value, and that a new rule was not judged yet."""
    AlertRuleFactory(name="old")
    for n in range(3):
        traffic(n, 4, 6)
        evaluate_all(stored_at(n))
    AlertRuleFactory(name="new", relation="")
    page = alice.get(reverse(RULES)).content.decode()
    for text in ("firing", "below 60 %", "40.0 % of 10", "not judged yet", "all tables"):
        assert text in page
    changed = alice.get(reverse("admin:optimizer_alertrule_change", args=[1]), follow=True)
    assert changed.status_code == 200


def silenced(client, *rules, **changes):
    """Send the form for a new silence of an hour; its errors."""
    start = timezone.now()
    end = start + changes.pop("lasts", timedelta(hours=1))
    form = {
        "kind": "silence",
        "rules": [rule.pk for rule in rules],
        "starts_at_0": f"{start:%Y-%m-%d}",
        "starts_at_1": f"{start:%H:%M:%S}",
        "ends_at_0": f"{end:%Y-%m-%d}",
        "ends_at_1": f"{end:%H:%M:%S}",
        "reason": "we know",
        **changes,
    }
    response = client.post(reverse("admin:optimizer_silence_add"), form)
    return response.context["adminform"].form.errors if response.status_code == 200 else {}


def test_a_silence_is_signed_and_is_about_what_was_chosen(alice):
    """Some rules, or all where none was."""
    assert silenced(alice, AlertRuleFactory(name="r")) == {}
    assert silenced(alice) == {}
    page = alice.get(reverse("admin:optimizer_silence_changelist")).content.decode()
    assert "all rules" in page
    assert [silence.author.username for silence in Silence.objects.all()] == ["alice", "alice"]


def test_deleting_the_rules_of_a_silence_does_not_silence_all_others(alice):
    """It is about none any more, and says so."""
    rule, other = AlertRuleFactory(name="r"), AlertRuleFactory(name="other")
    silenced(alice, rule)
    rule.delete()
    assert not Silence.objects.get().as_quiet().covers(other.pk)
    page = alice.get(reverse("admin:optimizer_silence_changelist")).content.decode()
    assert "none: they were deleted" in page


def test_a_silence_always_ends(alice):
    """Not before it began, not never, and a weekly one pauses."""
    assert "must end after" in str(silenced(alice, lasts=timedelta(hours=-1)))
    assert "required" in str(silenced(alice, ends_at_0=""))
    assert "shorter than a week" in str(silenced(alice, lasts=timedelta(days=7), weekly="on"))
    assert "required" in str(silenced(alice, reason=""))
    assert not Silence.objects.exists()


@pytest.mark.parametrize("by", ["page", "list"])
def test_deleting_a_rule_that_fires_tells_whom_it_had_told(alice, by):
    """The mail of its end comes though the rule is gone; of a quiet rule there is none."""
    firing = AlertRuleFactory(name="firing")
    for n in range(3):
        traffic(n, 4, 6)
        evaluate_all(stored_at(n))
    AlertRuleFactory(name="quiet")
    if by == "page":
        page = reverse("admin:optimizer_alertrule_delete", args=[firing.pk])
        alice.post(page, {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "post": "yes"}
        pks = list(AlertRule.objects.values_list("pk", flat=True))
        alice.post(reverse(RULES), {**chosen, "_selected_action": pks})
    assert not AlertRule.objects.filter(name="firing").exists()
    ended = Notice.objects.get(event="closed")
    assert "the rule was deleted; its alarm ends here" in ended.told["headline"]
    assert group_due(timezone.now() + 2 * GROUP_WAIT) == 1
    assert "Closed" in Outbox.objects.get().subject or "1 closed" in Outbox.objects.get().subject


def test_a_test_mail_arrives_at_each_recipient(alice, mail_server):
    """By the same outbox and the same task as an alert."""
    rule = AlertRuleFactory(recipients="alice@example.com, bob@example.com")
    assert "Test mails written: 2" in act(alice, RULES, "send_test_mail", rule)
    tasks.deliver_alerts()
    assert {mail["To"] for mail in mail_server.taken} == {"alice@example.com", "bob@example.com"}
    assert all("a test, nothing has happened" in mail["Subject"] for mail in mail_server.taken)


def test_each_test_mail_is_one_of_its_own(alice, mail_server):
    """Trying twice mails twice."""
    rule = AlertRuleFactory()
    act(alice, RULES, "send_test_mail", rule)
    act(alice, RULES, "send_test_mail", rule)
    tasks.deliver_alerts()
    assert len(mail_server.taken) == 2


def test_a_dead_mail_is_shown_with_its_error_and_can_be_retried(alice, mail_server):
    """The operator sees what went wrong, and sends it again."""
    mail = OutboxFactory(state="dead", attempts=10, last_error="550 no such user")
    assert "550 no such user" in alice.get(reverse(MAILS)).content.decode()
    assert "1 will be tried again" in act(alice, MAILS, "retry", mail)
    tasks.deliver_alerts()
    assert len(mail_server.taken) == 1


def test_mails_cannot_be_changed_by_hand(alice):
    """Neither made, edited nor deleted."""
    mail = OutboxFactory()
    assert alice.get(reverse("admin:optimizer_outbox_add")).status_code == 403
    change = reverse("admin:optimizer_outbox_change", args=[mail.pk])
    assert alice.post(change, {"subject": "x"}).status_code == 403
    act(alice, MAILS, "delete_selected", mail)
    assert Outbox.objects.get().subject == mail.subject


@pytest.mark.parametrize(("page", "action"), [(RULES, "send_test_mail"), (MAILS, "retry")])
def test_who_may_only_look_may_not_act(client, page, action):
    """The right to view a list is not the right to send mails."""
    bob = get_user_model().objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(bob)
    rule, mail = AlertRuleFactory(), OutboxFactory(state="dead")
    assert client.get(reverse(page)).status_code == 200
    act(client, page, action, rule if page == RULES else mail)
    assert [row.state for row in Outbox.objects.all()] == ["dead"]


def test_from_the_counted_minutes_to_the_mail(mail_server):
    """The whole way: stored minutes, the two tasks of the timetable, a real mail server."""
    rule = AlertRuleFactory(window_minutes=10, for_minutes=1, recipients="alice@example.com")
    newest = floor(timezone.now(), MINUTE) - 2 * MINUTE
    for minute in (newest, newest + MINUTE):
        SnapshotRunFactory(minute=minute, ran_at=timezone.now())
        MinuteTallyFactory(minute=minute, outcome="hit", count=1)
        MinuteTallyFactory(minute=minute, outcome="miss", count=19)
        tasks.evaluate_alerts()
    tasks.deliver_alerts()
    assert mail_server.taken == []  # it waits for what fires with it
    later = timezone.now() + GROUP_WAIT
    assert (group_due(later), deliver_due(lambda: later)) == (1, 1)
    [mail] = mail_server.taken
    assert mail["Subject"] == f"[Canvalo] Fired: {rule.name}: hit rate of api.contacts is 5.0 %"
    assert "/?range=1h&from=" in mail.get_body(("plain",)).get_content()
