"""Viewer, operator, admin: each may do its work, and none can make itself more."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from optimizer.models import ApiToken, TableSettings
from tests.alerts.factories import AlertRuleFactory, OutboxFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
SECRET = "https://hooks.example.com/services/T000/very-secret"
TABLE = {
    "relation": "api.contacts", "ttl_seconds": "7", "enabled": "on",
    "stale_if_error_seconds": "0", "stale_while_revalidate_seconds": "0",
    "negative_ttl_seconds": "0", "shared_by": "caller",
}  # fmt: skip


@pytest.fixture
def member(client):
    """Signs a new member of a group in; the account."""

    def sign_in(group):
        user = get_user_model().objects.create_user(f"a-{group}", password="pw", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        return user

    return sign_in


def pages():
    """Every list of the admin."""
    return {
        model._meta.model_name: reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in admin.site._registry
    }


SEEN_BY_ALL = {
    "tablesettings", "functionsettings", "enginesetting", "settingschange", "purge", "batchrun",
    "process",
    "priceitem", "billingprofile", "usagereading", "supabasecalls", "alertrule", "silence",
}  # fmt: skip
SEEN_BY_MORE = {"recipient", "outbox", "notice", "apitoken", "annotation", "sharelink"}
SEEN = {
    "viewer": SEEN_BY_ALL,
    "operator": SEEN_BY_ALL | SEEN_BY_MORE,
    "admin": SEEN_BY_ALL | SEEN_BY_MORE | {"user", "group"},
}


@pytest.mark.parametrize("group", SEEN)
def test_each_group_sees_its_lists_and_no_other(client, member, group):
    """Also not by typing the address."""
    member(group)
    answers = {name: client.get(url).status_code for name, url in pages().items()}
    seen = {name for name, status in answers.items() if status == 200}
    assert seen == SEEN[group] & answers.keys()
    assert set(answers.values()) <= {200, 403}


CHANGED_BY_OPERATORS = {
    "tablesettings", "functionsettings", "enginesetting", "alertrule", "silence", "priceitem",
    "usagereading", "billingprofile", "recipient", "purge", "annotation", "sharelink",
}  # fmt: skip
CHANGED = {
    "viewer": set(),
    "operator": CHANGED_BY_OPERATORS,
    "admin": CHANGED_BY_OPERATORS | {"user"},
}


@pytest.mark.parametrize("group", CHANGED)
def test_each_group_may_add_what_it_may_and_nothing_else(client, member, group):
    """The form is there, or it is refused."""
    member(group)
    forms = {name: url + "add/" for name, url in pages().items()}
    answers = {name: client.get(url).status_code for name, url in forms.items()}
    offered = {name for name, status in answers.items() if status == 200}
    assert offered == CHANGED[group] & answers.keys()


def test_a_viewer_changes_nothing(client, member):
    """Neither by the form nor in the list."""
    member("viewer")
    assert client.post(pages()["tablesettings"] + "add/", TABLE).status_code == 403
    assert not TableSettings.objects.filter(ttl_seconds=7).exists()


def test_a_viewer_sees_no_address_of_alerts(client, member):
    """Not on the rule's page, and not by a search that finds it or not."""
    rule = AlertRuleFactory(name="Contacts", recipients=SECRET)
    member("viewer")
    page = client.get(f"{pages()['alertrule']}{rule.pk}/change/", follow=True)
    assert page.status_code == 200
    assert "secret" not in page.content.decode()
    found = client.get(pages()["alertrule"], {"q": "very-secret"}).content.decode()
    assert ">Contacts<" not in found


GUESSES = [
    ("viewer", "alertrule", "recipients__contains"),
    ("viewer", "alertrule", "recipients__regex"),
    ("viewer", "settingschange", "private_before__contains"),
    ("viewer", "settingschange", "private_after__startswith"),
    ("operator", "outbox", "recipient__contains"),
    ("operator", "notice", "recipient__contains"),
    ("operator", "notice", "key__contains"),
]


@pytest.mark.parametrize(("group", "model", "lookup"), GUESSES)
def test_no_filter_in_an_address_tells_what_a_list_hides(client, member, group, model, lookup):
    """Found or not found would tell an address letter by letter."""
    member(group)
    assert client.get(pages()[model], {lookup: "very-secret"}).status_code == 400


def test_lists_of_mails_show_a_webhook_s_host_alone(client, member):
    """Its path is what opens it."""
    mail = OutboxFactory(recipient=SECRET)
    member("operator")
    for url in (pages()["outbox"], f"{pages()['outbox']}{mail.pk}/change/"):
        page = client.get(url, follow=True).content.decode()
        assert "hooks.example.com" in page
        assert "very-secret" not in page


@pytest.mark.parametrize("path", ["", "{}/change/", "{}/delete/", "{}/password/"])
def test_an_admin_has_no_hold_on_a_superuser(client, member, path):
    """Neither the account, nor its password, nor its end."""
    boss = get_user_model().objects.create_superuser("boss", password="pw")
    member("admin")
    url = pages()["user"] + path.format(boss.pk)
    taken = {
        "username": "boss", "password1": "correct horse 7", "password2": "correct horse 7",
        "usable_password": "true", "post": "yes", "action": "delete_selected",
        "_selected_action": [boss.pk],
    }  # fmt: skip
    client.post(url, taken)
    boss.refresh_from_db()
    assert boss.check_password("pw")
    assert boss.is_superuser


@pytest.fixture(params=["by a group", "by itself", "switched off"])
def mightier(request):
    """An account that may do what an admin may not."""
    owner = get_user_model().objects.create_user("owner", password="pw", is_staff=True)
    owner.is_active = request.param != "switched off"
    owner.save()
    right = Permission.objects.get(codename="change_group")
    if request.param == "by itself":
        owner.user_permissions.add(right)
    else:
        group = Group.objects.create(name="owners")
        group.permissions.add(right)
        owner.groups.add(group)
    return owner


@pytest.mark.parametrize("path", ["{}/change/", "{}/delete/", "{}/password/"])
def test_an_admin_has_no_hold_on_who_may_do_more(client, member, mightier, path):
    """With its password the admin would have its rights."""
    member("admin")
    taken = {
        "username": "mine", "password1": "correct horse 7", "password2": "correct horse 7",
        "usable_password": "true", "post": "yes", "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    }  # fmt: skip
    assert client.post(pages()["user"] + path.format(mightier.pk), taken).status_code == 403
    mightier.refresh_from_db()
    assert mightier.check_password("pw")
    assert mightier.username == "owner"


def test_an_admin_sets_the_password_of_an_operator(client, member):
    """That is the work."""
    operator = member("operator")
    member("admin")
    taken = {
        "password1": "correct horse 7", "password2": "correct horse 7", "usable_password": "true",
    }  # fmt: skip
    answer = client.post(f"{pages()['user']}{operator.pk}/password/", taken)
    assert answer.status_code == 302
    operator.refresh_from_db()
    assert operator.check_password("correct horse 7")


def test_an_admin_cannot_become_a_superuser_nor_take_single_rights(client, member):
    """Whatever is sent for the fields that are not shown."""
    me = member("admin")
    right = Permission.objects.get(codename="delete_group")
    form = {
        "username": me.username, "is_active": "on", "is_staff": "on", "is_superuser": "on",
        "user_permissions": [right.pk], "groups": [group.pk for group in me.groups.all()],
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
    }  # fmt: skip
    answer = client.post(f"{pages()['user']}{me.pk}/change/", form)
    assert answer.status_code == 302
    me.refresh_from_db()
    assert not me.is_superuser
    assert not me.user_permissions.exists()


def test_an_admin_gives_no_group_that_holds_more_than_the_admin_has(client, member):
    """The three are offered; one of the house with other rights is not."""
    group = Group.objects.create(name="owners")
    group.permissions.add(Permission.objects.get(codename="change_group"))
    me = member("admin")
    page = client.get(f"{pages()['user']}{me.pk}/change/").content.decode()
    assert all(f">{name}</option>" in page for name in ("viewer", "operator", "admin"))
    assert ">owners</option>" not in page


def test_a_superuser_makes_another(client):
    """The guard is for others."""
    boss = get_user_model().objects.create_superuser("boss", password="pw")
    client.force_login(boss)
    page = client.get(f"{pages()['user']}{boss.pk}/change/").content.decode()
    assert 'name="is_superuser"' in page


def test_migrate_gives_the_groups_their_rights_again():
    """What somebody added by hand is not theirs."""
    group = Group.objects.get(name="viewer")
    group.permissions.add(Permission.objects.get(codename="delete_tablesettings"))
    call_command("migrate", verbosity=0)
    assert group.permissions.count() > 5
    assert not group.permissions.exclude(codename__startswith="view_").exists()


def test_a_revoked_token_is_on_record_and_stays_revoked(client, member):
    """Who did it; there is no button that takes it back."""
    ApiToken.issue("monitor")
    token = ApiToken.objects.get()
    member("admin")
    chosen = {"action": "revoke", "_selected_action": [token.pk]}
    client.post(pages()["apitoken"], chosen)
    token.refresh_from_db()
    assert token.revoked_at is not None
    page = client.get(pages()["settingschange"]).content.decode()
    assert "API token monitor" in page
    assert ">Undo</button>" not in page
