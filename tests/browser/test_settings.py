"""Each setting, changed by an operator in the admin, in force in every process, and undone."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F
from playwright.sync_api import Page, expect

from optimizer import policies
from optimizer.conf import Overrides, optimization_settings
from optimizer.defaults import Defaults
from optimizer.models import EngineSetting, SettingsChange, TableSettings
from tests.browser.conftest import sign_in
from tests.browser.watcher import TABLE
from tests.dashboard.traffic import happened, keep, last_minute
from tests.stack import PROJECT

WITHIN = 2.0  # s: what is promised
NAMES = sorted(Defaults.model_fields)
HALVES = {"a to cache": NAMES[: len(NAMES) // 2], "cache to z": NAMES[len(NAMES) // 2 :]}
TABLE_FIELDS = {
    "ttl_seconds": "77", "strict": True, "enabled": False, "stale_if_error_seconds": "60",
    "stale_while_revalidate_seconds": "61", "negative_ttl_seconds": "62", "shared_by": "role",
    "sources": "api.memberships", "fine_grain": False, "writes": "api.log", "exact_text": True,
    "rewritten_columns": "updated_at", "owner_column": "owner_id",
}  # fmt: skip
DECLARED = {"fine_grain", "writes", "rewritten_columns", "exact_text", "owner_column"}


class Watcher:
    """Another process with the engine open; what holds in it now."""

    def __init__(self, database: str) -> None:
        self.held: dict[str, str] = {}
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.watcher"],
            cwd=PROJECT,
            env={
                **os.environ,
                "DATABASE_URL": database,
                "DJANGO_SETTINGS_MODULE": "canvalo.settings",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def until(self, name: str, value: str, within: float = WITHIN) -> None:
        """Return once a value is in force; fail where that takes longer than is promised."""
        with self._news:
            seen = self._news.wait_for(lambda: self.held.get(name) == value, within)
        assert seen, f"{name} is {self.held.get(name)} and not {value} after {within} s"

    def until_other(self, name: str, value: str | None) -> str:
        """Return what is in force once it is another value than this one."""
        with self._news:
            assert self._news.wait_for(lambda: self.held.get(name) != value, WITHIN), name
            return self.held[name]

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(30)

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            with self._news:
                self.held = json.loads(line)
                self._news.notify_all()


@pytest.fixture
def watchers(server):
    """Two processes beside the web server's."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    TableSettings.objects.all().delete()
    two = [Watcher(database) for _ in range(2)]
    for one in two:
        one.until("cache_enabled", "True", 60)
    yield two
    for one in two:
        one.end()
    optimization_settings.adopt(Overrides())


@pytest.fixture
def olga(page: Page) -> Page:
    """The browser of an operator who has just signed in."""
    user = get_user_model().objects.create_user("olga", password="correct horse", is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    sign_in(page, "olga", "correct horse")
    page.wait_for_url("**/")
    keep(last_minute(), happened(hits=3, misses=1))
    return page


def another(name: str) -> str:
    """A value that fits and is not the default."""
    value = getattr(optimization_settings.defaults, name)
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, StrEnum):
        return next(one for one in type(value) if one is not value)
    if isinstance(value, str):
        return f"other_{value}"
    return str(value + 1)


def undo_newest(page: Page, subject: str, name: str) -> None:
    """Click the one button, and read what it says."""
    page.goto("/admin/optimizer/settingschange/")
    page.get_by_role("button", name=f"Undo {subject} {name}").first.click()
    expect(page.locator(".messagelist .success")).to_contain_text("Undone")


def on_record(subject: str, name: str) -> SettingsChange:
    """What charts draw: the newest change, with who made it, from what to what."""
    change = SettingsChange.objects.filter(subject=subject, name=name).first()
    assert change is not None
    assert change.by.username == "olga"
    assert time.time() - change.at.timestamp() < 30
    return change


def on_the_chart(page: Page, change: SettingsChange) -> None:
    """A flag at its minute, once that is over, and below it who did what."""
    SettingsChange.objects.update(at=F("at") - timedelta(minutes=2))
    page.goto("/")
    line = page.locator("#marks li").last
    expect(line).to_contain_text(f"{change.subject} {change.name}:")
    expect(line).to_contain_text(change.after)
    expect(line).to_contain_text("olga")
    letter = line.locator("b").text_content()
    flag = page.locator("#chart-calls .annotation-text").last  # of close marks, "A-C"
    expect(flag).to_have_text(re.compile(rf"\b{letter}\s*$"))


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES)
def test_each_switch_and_limit(olga, watchers, half):
    """By its name and a value; then the button beside the change."""
    for name in HALVES[half]:
        default, value = watchers[0].held[name], another(name)
        olga.goto("/admin/optimizer/enginesetting/add/")
        olga.get_by_label("Name").select_option(name)
        olga.get_by_label("Value").fill(value)
        olga.get_by_role("button", name="Save", exact=True).click()
        for one in watchers:
            one.until(name, value)
        change = on_record("engine", name)
        assert (change.before, change.after) == ("", value)
        on_the_chart(olga, change)
        undo_newest(olga, "engine", name)
        for one in watchers:
            one.until(name, default)
    assert not EngineSetting.objects.exists()


@pytest.mark.slow
def test_each_setting_of_a_table(olga, watchers):
    """Field by field, of a table whose rows are told apart, so that what is declared counts."""
    policies.save(TableSettings(relation=TABLE, fine_grain=True), None)
    for one in watchers:
        one.until_other("declared", "None")
    row = TableSettings.objects.get()
    for name, value in TABLE_FIELDS.items():
        shows = "declared" if name in DECLARED else "policy"
        before = watchers[0].held[shows]
        olga.goto(f"/admin/optimizer/tablesettings/{row.pk}/change/")
        fill(olga, name, value)
        olga.get_by_role("button", name="Save", exact=True).click()
        assert len({one.until_other(shows, before) for one in watchers}) == 1
        on_the_chart(olga, on_record(TABLE, name))
        undo_newest(olga, TABLE, name)
        for one in watchers:
            one.until(shows, before)


def fill(page: Page, name: str, value: str | bool) -> None:
    """Give one field of the form a value, by its name."""
    field = page.locator(f"[name={name}]")
    if isinstance(value, bool):
        field.set_checked(value)
    elif name == "shared_by":
        field.select_option(value)
    else:
        field.fill(value)
