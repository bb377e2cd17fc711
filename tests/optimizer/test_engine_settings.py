"""Switches and limits at run time: changed by code or in the admin, obeyed everywhere, recorded."""

import time

import pytest
from django.contrib.auth import get_user_model

from optimizer import optimization_settings, policies, runtime
from optimizer.conf import OptimizationSettings, Overrides
from optimizer.errors import ConfigurationError
from optimizer.models import EngineSetting, SettingsChange

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def as_before(fresh_valkey):
    """What a test changes in this process is taken back."""
    yield
    optimization_settings.adopt(Overrides())


@pytest.fixture
def operator():
    return get_user_model().objects.create_superuser("alice", password="pw")


def test_an_update_holds_here_at_once_and_is_recorded(operator):
    optimization_settings.update(cache_enabled=False, cache_ttl_contacts=60, by=operator)
    assert optimization_settings.cache_enabled is False
    assert optimization_settings.policy("api.contacts").ttl == 60
    assert optimization_settings.pool_enabled is True
    changes = SettingsChange.objects.values_list(
        "subject", "name", "before", "after", "by__username"
    )
    assert set(changes) == {
        ("engine", "cache_enabled", "", "False", "alice"),
        ("engine", "cache_ttl_contacts", "", "60", "alice"),
    }


def test_none_returns_to_the_environment_s_value():
    optimization_settings.update(cache_default_ttl=5)
    optimization_settings.update(cache_default_ttl=None)
    assert optimization_settings.cache_default_ttl == 300
    assert not EngineSetting.objects.exists()
    assert SettingsChange.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cache_size": 1}, "no setting 'cache_size'"),
        ({"cache_size": None}, "no setting 'cache_size'"),
        ({"cache_max_size": 0}, "cache_max_size"),
        ({"cache_default_ttl": "soon"}, "cache_default_ttl"),
        ({"cache_enabled": False, "batch_max_size": -1}, "batch_max_size"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(changes, words):
    with pytest.raises(ConfigurationError, match=words):
        optimization_settings.update(**changes)
    assert optimization_settings.cache_enabled is True
    assert not EngineSetting.objects.exists()


async def test_every_process_obeys_within_two_seconds():
    """Here another runtime of the same kind, with settings of its own."""
    others = OptimizationSettings()
    config = runtime._django_config()
    other = runtime.Runtime(config, runtime.recorder(), others, load=runtime._load_overrides)
    other.start()
    try:
        await optimization_settings.aupdate(batch_max_size=7, cache_max_size=3)
        deadline = time.monotonic() + 10
        while others.batch_max_size != 7:
            assert time.monotonic() < deadline
            await other.refresh_settings()
        assert other.cache.memory.max_entries == 3
    finally:
        await other.close()


def test_without_a_store_it_holds_for_this_process():
    """As in a script without Django."""
    alone = OptimizationSettings()
    alone.update(cache_enabled=False)
    assert alone.cache_enabled is False
    alone.update(cache_enabled=None)
    assert alone.cache_enabled is True


def test_a_stored_setting_that_no_longer_fits_is_passed_over(caplog):
    EngineSetting.objects.create(name="gone", value="1")
    EngineSetting.objects.create(name="batch_max_size", value="9")
    assert policies.load("v").engine == {"batch_max_size": 9}
    assert "gone" in caplog.text


def test_the_admin_offers_the_names_and_validates(client, operator):
    client.force_login(operator)
    page = "/admin/optimizer/enginesetting/add/"
    assert "pool_max_idle_time" in client.get(page).content.decode()
    refused = client.post(page, {"name": "cache_max_size", "value": "none at all"})
    assert "cache_max_size" in refused.content.decode()
    assert not EngineSetting.objects.exists()
    assert client.post(page, {"name": "cache_enabled", "value": "off"}).status_code == 302
    assert policies.load("v").engine == {"cache_enabled": False}
    row = EngineSetting.objects.get()
    client.post(f"/admin/optimizer/enginesetting/{row.pk}/delete/", {"post": "yes"})
    assert policies.load("v").engine == {}
    assert list(SettingsChange.objects.values_list("by__username", flat=True)) == ["alice"] * 2
