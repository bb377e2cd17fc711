"""System checks: each says what is missing and what to do, and says nothing where all is well."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection


def found():
    """What the engine's checks say now."""
    return {message.id: message for message in run_checks() if message.id.startswith("optimizer.")}


@pytest.fixture(autouse=True)
def complete(settings, monkeypatch):
    """Everything is set as it should be."""
    settings.SUPABASE_URL = "https://project.supabase.co"
    settings.SUPABASE_ANON_KEY = "sb_publishable_1"
    settings.SUPABASE_JWT_SECRET = "s" * 40
    settings.SUPABASE_JWKS_URL = ""
    settings.VALKEY_URL = "redis://:password@valkey:6379/0"
    monkeypatch.delenv("OPTIMIZATION_CACHE_MAX_SIZE", raising=False)


def test_with_everything_set_nothing_is_said():
    """No warning that is always there and never read."""
    assert found() == {}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SUPABASE_JWT_SECRET": ""}, "optimizer.W001"),
        ({"SUPABASE_URL": ""}, "optimizer.W002"),
        ({"SUPABASE_ANON_KEY": ""}, "optimizer.W002"),
        ({"SUPABASE_MANAGEMENT_TOKEN": "t", "SUPABASE_URL": "https://a.example"}, "optimizer.W003"),
        ({"SUPABASE_URL": "project.supabase.co"}, "optimizer.E004"),
        ({"SUPABASE_URL": "https://"}, "optimizer.E004"),
        ({"VALKEY_URL": ""}, "optimizer.E001"),
        ({"VALKEY_URL": "valkey:6379"}, "optimizer.E001"),
        ({"VALKEY_URL": "valkey://host:6379/0"}, "optimizer.E001"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(settings, changed, said):
    """One message, and a hint that names the variable."""
    for name, value in changed.items():
        setattr(settings, name, value)
    assert set(found()) == {said}
    assert found()[said].hint


def test_another_database_than_postgresql_is_refused(monkeypatch):
    """Before `migrate` stops in the middle with an error of SQL."""
    monkeypatch.setattr(connection, "vendor", "sqlite")
    assert set(found()) == {"optimizer.E005"}


def test_published_keys_are_as_good_as_a_secret(settings):
    """Newer projects have no secret."""
    settings.SUPABASE_JWT_SECRET = ""
    settings.SUPABASE_JWKS_URL = "https://project.supabase.co/auth/v1/.well-known/jwks.json"
    assert found() == {}


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_an_address_that_the_check_accepts_can_be_used(settings, scheme):
    """The client understands it too."""
    from redis import Redis

    settings.VALKEY_URL = f"{scheme}://host/0"
    assert found() == {}
    Redis.from_url(settings.VALKEY_URL).close()


def test_a_wrong_variable_stops_the_start(monkeypatch):
    """By its name, and not at the first request."""
    monkeypatch.setenv("OPTIMIZATION_CACHE_MAX_SIZE", "lots")
    with pytest.raises(SystemCheckError, match="OPTIMIZATION_CACHE_MAX_SIZE"):
        call_command("check")


def _deployed():
    return {m.id for m in run_checks(include_deployment_checks=True) if "optimizer" in m.id}


def test_a_valkey_that_may_evict_markers_is_refused_for_deployment(settings, own_valkey):
    """It would serve old answers when its memory is full."""
    import redis

    settings.VALKEY_URL = own_valkey.url
    assert _deployed() == set()
    with redis.Redis.from_url(own_valkey.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lfu")
    assert _deployed() == {"optimizer.E003"}
    own_valkey.stop()
    assert _deployed() == {"optimizer.I001"}
