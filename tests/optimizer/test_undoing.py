"""One click takes a change back: of a table, of a switch, of an alert rule, of a price."""

import uuid
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from optimizer import policies
from optimizer.conf import Overrides, optimization_settings
from optimizer.models import (
    AlertRule,
    EngineSetting,
    PriceItem,
    SettingsChange,
    Silence,
    TableSettings,
)
from tests.alerts.factories import AlertRuleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
UNDO = "admin:optimizer_settingschange_undo"
LIST = reverse("admin:optimizer_settingschange_changelist")


@pytest.fixture(autouse=True)
def plain():
    """No table has settings, and no override is left behind in this process."""
    TableSettings.objects.all().delete()
    yield
    optimization_settings.adopt(Overrides())


@pytest.fixture
def undo(client):
    """Clicks the button beside the newest change of a name; the words of the page that follows."""

    def click(name, status=200):
        change = SettingsChange.objects.filter(name=name).first()
        url = reverse(UNDO, args=[change.pk])
        answer = client.post(url, follow=True)
        assert answer.status_code == status
        return answer.content.decode()

    return click


def stored(**fields):
    """A table's settings, as an operator saved them."""
    row = TableSettings(relation="api.contacts", **fields)
    policies.save(row, None)
    return row


def recorded():
    """Each change, the newest first."""
    return list(SettingsChange.objects.values_list("name", "before", "after", "by__username"))


def test_a_changed_ttl_is_as_before_and_that_is_a_change_too(olga, undo):
    """In force, on record, and signed by who clicked."""
    row = stored(ttl_seconds=60)
    row.ttl_seconds = 86_400
    policies.save(row, None)
    assert "ttl_seconds is 60 again" in undo("ttl_seconds")
    assert policies.load("v").tables["api.contacts"].ttl == 60
    assert recorded()[0] == ("ttl_seconds", "86400", "60", "olga")


def test_what_was_saved_at_once_goes_back_at_once(olga, undo):
    """Three fields, one click."""
    row = stored()
    row.ttl_seconds, row.strict, row.sources = 9, True, "api.memberships"
    policies.save(row, None)
    undo("strict")
    row.refresh_from_db()
    assert (row.ttl_seconds, row.strict, row.sources) == (None, False, "")


def test_a_new_row_is_gone_and_a_deleted_one_is_there_again(olga, undo):
    """The table's defaults, then the settings once more, then the defaults."""
    row = stored(ttl_seconds=7, owner_column="owner_id", fine_grain=True)
    undo("relation")
    assert not TableSettings.objects.exists()
    undo("relation")
    back = TableSettings.objects.get()
    assert (back.pk, back.ttl_seconds, back.owner_column) == (row.pk or back.pk, 7, "owner_id")
    undo("relation")
    assert policies.load("v") == Overrides("v")


def test_undoing_an_undo_is_the_change_again(olga, undo):
    """As often as one likes."""
    row = stored(ttl_seconds=1)
    row.ttl_seconds = 2
    policies.save(row, None)
    for seconds in (1, 2, 1):
        undo("ttl_seconds")
        row.refresh_from_db()
        assert row.ttl_seconds == seconds


def test_a_change_is_taken_back_once(client, olga):
    """A second click, or another operator's, changes nothing and says why."""
    row = stored(ttl_seconds=1)
    row.ttl_seconds = 2
    policies.save(row, None)
    change = SettingsChange.objects.get(name="ttl_seconds", before="1")
    url = reverse(UNDO, args=[change.pk])
    client.post(url)
    assert b"taken back already" in client.post(url, follow=True).content
    assert SettingsChange.objects.filter(undoes=change.together).count() == 1


@pytest.mark.parametrize("first", ["added", "changed"])
def test_a_later_change_is_not_overwritten(client, olga, first):
    """Whoever wants the older state back takes the newer change back first."""
    row = stored(ttl_seconds=1)
    for seconds in (2, 3):
        row.ttl_seconds = seconds
        policies.save(row, None)
    change = SettingsChange.objects.filter(kind=first, name="ttl_seconds").last()
    url = reverse(UNDO, args=[change.pk])
    assert b"changed again since" in client.post(url, follow=True).content
    row.refresh_from_db()
    assert row.ttl_seconds == 3


def test_a_switch_returns_to_the_value_before_or_to_the_environment_s(olga, undo):
    """A changed one, an added one, and one that was deleted."""
    optimization_settings.update(batch_max_size=7)
    optimization_settings.update(batch_max_size=8)
    undo("batch_max_size")
    assert policies.load("v").engine == {"batch_max_size": 7}
    optimization_settings.update(batch_max_size=None)
    undo("batch_max_size")
    assert policies.load("v").engine == {"batch_max_size": 7}
    optimization_settings.update(cache_enabled=False)
    undo("cache_enabled")
    assert not EngineSetting.objects.filter(name="cache_enabled").exists()


def test_a_table_called_engine_is_no_switch(olga, undo):
    """Its changes are told apart by more than their subject."""
    row = TableSettings(relation="engine", ttl_seconds=3)
    policies.save(row, None)
    undo("relation")
    assert not TableSettings.objects.exists()


def test_an_alert_rule_goes_back_with_its_addresses_which_nobody_is_shown(client, olga, undo):
    """The record counts them; what it keeps for taking back is on no page."""
    rule = AlertRuleFactory(recipients="alice@example.com")
    url = reverse("admin:optimizer_alertrule_change", args=[rule.pk])
    form = client.get(url).context["adminform"].form
    kept = {name: "" if (v := form.get_initial_for_field(f, name)) is None else v
            for name, f in form.fields.items()}  # fmt: skip
    client.post(url, {**kept, "fire_at": "50", "recipients": "alice@example.com, bob@example.com"})
    rule.refresh_from_db()
    assert "bob" in rule.recipients
    assert ("recipients", "1 address", "2 addresses", "olga") in recorded()
    page = undo("recipients")
    assert "example.com" not in page
    rule.refresh_from_db()
    assert (rule.recipients, rule.fire_at) == ("alice@example.com", 60)


def test_a_deleted_silence_is_there_again_with_its_rules(client, olga, undo):
    """Fields of many values, too."""
    rule = AlertRuleFactory()
    day = timezone.now() + timezone.timedelta(days=1)
    silence = Silence.objects.create(reason="maintenance", ends_at=day)
    silence.rules.add(rule)
    url = reverse("admin:optimizer_silence_delete", args=[silence.pk])
    client.post(url, {"post": "yes"})
    assert not Silence.objects.exists()
    undo("reason")
    back = Silence.objects.get()
    assert (back.reason, back.ends_at, list(back.rules.all())) == ("maintenance", day, [rule])


def test_a_price_is_recorded_and_taken_back(client, olga, undo):
    """A number of the price sheet."""
    price = PriceItem.objects.create(
        item="egress", plan="pro", unit="byte", quota=1, usd="0.09", per=10**9,
        as_of="2020-01-01", source="https://supabase.com/pricing",
    )  # fmt: skip
    url = reverse("admin:optimizer_priceitem_change", args=[price.pk])
    form = client.get(url).context["adminform"].form
    kept = {name: "" if (v := form.get_initial_for_field(f, name)) is None else v
            for name, f in form.fields.items()}  # fmt: skip
    client.post(url, {**kept, "usd": "99"})
    price.refresh_from_db()
    assert price.usd == 99
    undo("usd")
    price.refresh_from_db()
    assert price.usd == Decimal("0.09")


def test_the_button_is_there_for_whom_it_works(client, olga):
    """One for each change that stands; none for whoever may only look."""
    stored(ttl_seconds=5)
    SettingsChange.objects.create(subject="api.contacts", name="old", after="before this was kept")
    assert client.get(LIST).content.decode().count(">Undo</button>") == 2  # relation and TTL
    victor = get_user_model().objects.create_user("victor", is_staff=True)
    victor.groups.add(Group.objects.get(name="viewer"))
    client.force_login(victor)
    page = client.get(LIST)
    assert (page.status_code, page.content.count(b"Undo")) == (200, 0)


def test_whoever_may_not_change_may_not_take_back(client, undo):
    """Nor by asking for the address, nor by a link."""
    stored(ttl_seconds=5)
    victor = get_user_model().objects.create_user("victor", is_staff=True)
    victor.groups.add(Group.objects.get(name="viewer"))
    client.force_login(victor)
    undo("ttl_seconds", status=403)
    change = SettingsChange.objects.first()
    assert client.get(reverse(UNDO, args=[change.pk])).status_code == 405
    assert TableSettings.objects.exists()


def test_what_is_not_valid_any_more_is_refused(client, olga, undo):
    """Another rule has the name by now."""
    rule = AlertRuleFactory(name="first")
    client.post(reverse("admin:optimizer_alertrule_delete", args=[rule.pk]), {"post": "yes"})
    AlertRuleFactory(name="first")
    assert "already exists" in undo("name")
    assert AlertRule.objects.count() == 1


def test_a_change_of_a_later_version_is_refused(client, olga):
    """Of a kind that this one does not know: by right, and without a fault."""
    change = SettingsChange.objects.create(
        subject="x", name="y", model="unheardof", row=1, together=uuid.uuid4()
    )
    boss = get_user_model().objects.create_superuser("boss")
    client.force_login(boss)
    url = reverse(UNDO, args=[change.pk])
    assert b"knows no such setting" in client.post(url, follow=True).content
