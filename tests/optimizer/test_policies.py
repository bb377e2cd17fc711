"""Run-time settings: stored, recorded with who and when, and in force everywhere within 2 s."""

import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import redis
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from optimizer import policies, runtime
from optimizer.conf import Overrides, TableOverride, optimization_settings
from optimizer.domain.ttl import MAX_TTL
from optimizer.models import SettingsChange, TableSettings
from tests.optimizer.waiting import until
from tests.stack import PROJECT

ADD = reverse("admin:optimizer_tablesettings_add")
LIST = reverse("admin:optimizer_tablesettings_changelist")
FORM = {
    "relation": "api.contacts", "ttl_seconds": "7", "enabled": "on", "sources": "",
    "stale_if_error_seconds": "0", "stale_while_revalidate_seconds": "0",
    "negative_ttl_seconds": "0", "shared_by": "caller",
}  # fmt: skip
WITHIN = 2.0  # s

pytestmark = pytest.mark.usefixtures("fresh_valkey")


@pytest.fixture(autouse=True)
def plain(transactional_db):
    """No table has settings, and no override is left behind in this process."""
    TableSettings.objects.all().delete()
    yield
    optimization_settings.adopt(Overrides())


@pytest.fixture
def alice():
    """An operator who may do everything."""
    return get_user_model().objects.create_superuser("alice")


@pytest.fixture
def admin(client, alice):
    """Her browser."""
    client.force_login(alice)
    return client


@pytest_asyncio.fixture
async def engine(settings, wire):
    """This loop's runtime, which watches the settings over a wire that can be cut."""
    settings.VALKEY_URL = wire.url
    yield runtime.current()
    await runtime.close_current()
    await sync_to_async(connections.close_all)()


def changes():
    """What was recorded, eldest first."""
    rows = SettingsChange.objects.order_by("at", "id")
    return [(row.subject, row.name, row.before, row.after) for row in rows]


def test_a_change_is_recorded_with_who_and_when(admin, alice):
    """Each changed field, from what to what."""
    start = timezone.now()
    admin.post(ADD, FORM)
    row = TableSettings.objects.get()
    url = reverse("admin:optimizer_tablesettings_change", args=[row.pk])
    admin.post(url, {**FORM, "ttl_seconds": "", "sources": "api.memberships"})
    admin.post(url, {**FORM, "ttl_seconds": "", "sources": "api.memberships"})  # nothing new
    assert changes() == [
        ("api.contacts", "relation", "", "api.contacts"),
        ("api.contacts", "ttl_seconds", "", "7"),
        ("api.contacts", "ttl_seconds", "7", ""),
        ("api.contacts", "sources", "", "api.memberships"),
    ]
    for change in SettingsChange.objects.all():
        assert change.by == alice
        assert start <= change.at <= timezone.now() + timedelta(seconds=1)


def test_a_change_in_the_list_is_recorded_too(admin):
    """It has fields that can be edited on the spot."""
    admin.post(ADD, FORM)
    pk = TableSettings.objects.get().pk
    SettingsChange.objects.all().delete()
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": pk, "_save": "Save"}
    admin.post(LIST, {**form, "form-0-ttl_seconds": "9"})
    assert changes() == [
        ("api.contacts", "ttl_seconds", "7", "9"),
        ("api.contacts", "enabled", "True", "False"),
    ]


@pytest.mark.parametrize("how", ["one", "several"])
def test_a_deletion_is_recorded_and_returns_the_table_to_its_defaults(admin, how):
    """By the page's button or by the list's action."""
    admin.post(ADD, FORM)
    pk = TableSettings.objects.get().pk
    SettingsChange.objects.all().delete()
    if how == "one":
        admin.post(reverse("admin:optimizer_tablesettings_delete", args=[pk]), {"post": "yes"})
    else:
        form = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        admin.post(LIST, form)
    assert not TableSettings.objects.exists()
    assert ("api.contacts", "ttl_seconds", "7", "") in changes()
    assert policies.load("v") == Overrides("v")


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl_seconds": "-1"},
        {"ttl_seconds": str(MAX_TTL + 1)},
        {"ttl_seconds": "soon"},
        {"relation": ""},
        {"relation": "a.b.c"},
        {"relation": "a b"},
        {"relation": "a,b"},
        {"sources": "api.memberships; api.users"},
        {"sources": "api.a.b"},
        {"stale_if_error_seconds": str(MAX_TTL + 1)},
        {"stale_while_revalidate_seconds": str(MAX_TTL + 1)},
        {"negative_ttl_seconds": "-1"},
        {"shared_by": "everybody"},
        {"rewritten_columns": "updated_at; total"},
        {"rewritten_columns": "updated_at total"},
        {"owner_column": "contacts.owner_id"},
        {"owner_column": '"owner"'},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_the_form(admin, wrong):
    """Nothing is stored, nothing recorded, and the page says why."""
    page = admin.post(ADD, {**FORM, **wrong})
    assert page.status_code == 200
    assert page.context["adminform"].form.errors
    assert not TableSettings.objects.exists()
    assert changes() == []


def test_a_change_that_may_hurt_is_saved_and_said(admin):
    """What it may cost, and where it is taken back."""
    page = admin.post(ADD, {**FORM, "shared_by": "role"}, follow=True).content.decode()
    assert "see each other&#x27;s rows" in page
    assert reverse("admin:optimizer_settingschange_changelist") in page
    assert TableSettings.objects.get().shared_by == "role"


def test_it_is_refused_outside_the_form_too(alice):
    """`save` is what a program calls."""
    too_long = TableSettings(relation="a", ttl_seconds=MAX_TTL + 1)
    for wrong in (TableSettings(relation="a b"), too_long):
        with pytest.raises(ValidationError):
            policies.save(wrong, alice)
    assert changes() == []


def test_a_table_has_one_row(admin):
    """A second is refused."""
    admin.post(ADD, FORM)
    assert admin.post(ADD, FORM).context["adminform"].form.errors
    assert TableSettings.objects.count() == 1


def test_who_may_look_may_not_change(client):
    """Staff with the right to view."""
    bob = get_user_model().objects.create_user("bob", is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_tablesettings"))
    client.force_login(bob)
    assert client.get(LIST).status_code == 200
    assert client.post(ADD, FORM).status_code == 403


def test_the_record_of_changes_cannot_be_changed(admin):
    """By nobody."""
    admin.post(ADD, FORM)
    pk = SettingsChange.objects.get(name="relation").pk
    assert admin.get(reverse("admin:optimizer_settingschange_changelist")).status_code == 200
    assert admin.get(reverse("admin:optimizer_settingschange_add")).status_code == 403
    for what in ("change", "delete"):
        url = reverse(f"admin:optimizer_settingschange_{what}", args=[pk])
        assert admin.post(url, {"after": "forged", "post": "yes"}).status_code == 403
    assert SettingsChange.objects.get(pk=pk).after == "api.contacts"


def test_what_is_stored_is_what_is_loaded(alice):
    """Sources as a list, an empty TTL as none."""
    row = TableSettings(relation="projects", enabled=False, sources=" memberships , api.b,")
    policies.save(row, alice)
    override = TableOverride(None, False, ("memberships", "api.b"))
    assert policies.load("v1") == Overrides("v1", {"projects": override})


def test_a_change_that_is_rolled_back_is_not_announced(alice, fresh_valkey):
    """Others would load what is not there."""
    with redis.Redis.from_url(fresh_valkey) as valkey:
        with transaction.atomic():
            policies.save(TableSettings(relation="contacts"), alice)
            transaction.set_rollback(True)
        assert valkey.get(policies.VERSION_KEY) is None
        policies.save(TableSettings(relation="contacts"), alice)
        assert valkey.get(policies.VERSION_KEY) is not None


def test_with_valkey_away_the_change_is_stored_and_the_page_is_none_of_an_error(
    admin, settings, caplog
):
    """Who cannot hear the announcement asks the database; the log says that it failed."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    start = time.monotonic()
    assert admin.post(ADD, FORM).status_code == 302
    assert time.monotonic() - start < WITHIN
    assert TableSettings.objects.exists()
    assert "announce" in caplog.text


async def test_a_change_is_in_force_in_a_running_process(engine, async_client, alice):
    """Within two seconds, by itself; so is its end."""
    await async_client.aforce_login(alice)
    await async_client.post(ADD, FORM)
    await until(lambda: engine.settings.policy("api.contacts").ttl == 7, WITHIN)
    row = await TableSettings.objects.aget()
    await async_client.post(
        reverse("admin:optimizer_tablesettings_delete", args=[row.pk]), {"post": "yes"}
    )
    await until(lambda: engine.settings.policy("api.contacts").ttl == 300, WITHIN)


async def test_with_valkey_away_a_running_process_asks_the_database(engine, wire):
    """It hears no announcement, and still follows."""
    await until(lambda: engine.settings.version)
    await wire.cut()
    await TableSettings.objects.acreate(relation="api.contacts", ttl_seconds=8)
    await until(lambda: engine.settings.policy("api.contacts").ttl == 8, WITHIN)


WATCHER = """
import asyncio, django
django.setup()
from optimizer import runtime

async def watch():
    seen, engine = None, runtime.current()
    while seen != 7:
        if (ttl := engine.settings.policy("api.contacts").ttl) != seen:
            seen = ttl
            print(ttl, flush=True)
        await asyncio.sleep(0.02)

asyncio.run(watch())
"""


def test_a_change_is_in_force_in_another_process(admin, settings):
    """Which was told nothing but the addresses."""
    environment = {**runtime.os.environ, "DATABASE_URL": _named(connection.settings_dict["NAME"])}
    command = [sys.executable, "-c", WATCHER]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"300\n"
            start = time.monotonic()
            admin.post(ADD, FORM)
            assert process.stdout.readline() == b"7\n"
            assert time.monotonic() - start < WITHIN
        finally:
            process.terminate()


def _named(database):
    """The address of the tests' own database."""
    url = urlsplit(runtime.os.environ["DATABASE_URL"])
    return url._replace(path=f"/{database}").geturl()
