"""Settings: the documented variables, refused by name where they are wrong, and overridden."""

import pytest

from optimizer.conf import (
    OptimizationSettings,
    Overrides,
    TableOverride,
    get_cache_ttl,
    optimization_settings,
)
from optimizer.defaults import Defaults, read_defaults
from optimizer.domain.ttl import MAX_TTL, TablePolicy
from optimizer.errors import ConfigurationError

DOCUMENTED = {
    "OPTIMIZATION_CACHE_ENABLED": ("false", "cache_enabled", False),
    "OPTIMIZATION_CACHE_MAX_SIZE": ("2000", "cache_max_size", 2000),
    "OPTIMIZATION_CACHE_MAX_BYTES": ("1000", "cache_max_bytes", 1000),
    "OPTIMIZATION_CACHE_L1_BOUND": ("0.5", "cache_l1_bound", 0.5),
    "OPTIMIZATION_CACHE_MARKER_LIFE": ("120", "cache_marker_life", 120),
    "OPTIMIZATION_CACHE_SCHEMA_INTERVAL": ("5", "cache_schema_interval", 5),
    "OPTIMIZATION_CACHE_FOREIGN_KEYS_COMPLETE": ("on", "cache_foreign_keys_complete", True),
    "OPTIMIZATION_CACHE_EVICTION": ("lru", "cache_eviction", "lru"),
    "OPTIMIZATION_CACHE_COMPRESS_FROM": ("0", "cache_compress_from", 0),
    "OPTIMIZATION_CACHE_REFRESH_AHEAD": ("off", "cache_refresh_ahead", False),
    "OPTIMIZATION_CACHE_DEFAULT_TTL": ("60", "cache_default_ttl", 60),
    "OPTIMIZATION_CACHE_TTL_CONTACTS": ("61", "cache_ttl_contacts", 61),
    "OPTIMIZATION_CACHE_TTL_INVOICES": ("62", "cache_ttl_invoices", 62),
    "OPTIMIZATION_CACHE_TTL_PROJECTS": ("63", "cache_ttl_projects", 63),
    "OPTIMIZATION_CACHE_TTL_APPOINTMENTS": ("64", "cache_ttl_appointments", 64),
    "OPTIMIZATION_POOL_ENABLED": ("0", "pool_enabled", False),
    "OPTIMIZATION_POOL_MAX_CONNECTIONS": ("7", "pool_max_connections", 7),
    "OPTIMIZATION_POOL_MAX_IDLE_TIME": ("8", "pool_max_idle_time", 8),
    "OPTIMIZATION_POOL_CLEANUP_INTERVAL": ("9", "pool_cleanup_interval", 9),
    "OPTIMIZATION_POOL_MAX_WAITING": ("11", "pool_max_waiting", 11),
    "OPTIMIZATION_POOL_WAIT_TIMEOUT": ("12", "pool_wait_timeout", 12),
    "OPTIMIZATION_POOL_HTTP2": ("yes", "pool_http2", True),
    "OPTIMIZATION_RETRY_ATTEMPTS": ("2", "retry_attempts", 2),
    "OPTIMIZATION_REQUEST_DEADLINE": ("14", "request_deadline", 14),
    "OPTIMIZATION_BREAKER_ENABLED": ("off", "breaker_enabled", False),
    "OPTIMIZATION_BATCH_ENABLED": ("no", "batch_enabled", False),
    "OPTIMIZATION_BATCH_MAX_SIZE": ("10", "batch_max_size", 10),
    "OPTIMIZATION_BATCH_MAX_BYTES": ("2000", "batch_max_bytes", 2000),
    "OPTIMIZATION_BATCH_MAX_TOTAL": ("50", "batch_max_total", 50),
    "OPTIMIZATION_BATCH_CONCURRENCY": ("2", "batch_concurrency", 2),
    "OPTIMIZATION_BATCH_PATIENCE": ("5", "batch_patience", 5),
    "OPTIMIZATION_ACCESS_LOG": ("on", "access_log", True),
    "OPTIMIZATION_DEFAULT_SCHEMA": ("crm", "default_schema", "crm"),
    "OPTIMIZATION_OWNER_COLUMN": ("user_id", "owner_column", "user_id"),
}


@pytest.fixture
def settings_of(monkeypatch):
    """The settings under these variables and no others."""
    for name in DOCUMENTED:
        monkeypatch.delenv(name, raising=False)

    def make(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return OptimizationSettings()

    return make


@pytest.fixture
def plain(settings_of):
    """Nothing is set."""
    return settings_of()


def test_the_defaults_are_the_documented_ones(plain):
    """As the original description has them."""
    assert (plain.cache_enabled, plain.cache_max_size, plain.cache_default_ttl) == (True, 1000, 300)
    assert (plain.pool_enabled, plain.pool_max_connections, plain.pool_max_idle_time) == (
        True, 50, 300
    )  # fmt: skip
    assert (plain.batch_enabled, plain.batch_max_size) == (True, 100)
    ttls = {"contacts": 300, "invoices": 180, "projects": 600, "appointments": 120}
    assert {table: plain.policy(f"api.{table}").ttl for table in ttls} == ttls


@pytest.mark.parametrize("variable", DOCUMENTED)
def test_each_variable_is_heard(settings_of, variable):
    """Under its own name."""
    text, name, value = DOCUMENTED[variable]
    assert getattr(settings_of(**{variable: text}), name) == value


def test_every_variable_is_in_this_test():
    """A new one is tried too."""
    assert {name for _, name, _ in DOCUMENTED.values()} == set(Defaults.model_fields)
    assert all(field.description for field in Defaults.model_fields.values())


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("OPTIMIZATION_CACHE_ENABLED", "perhaps"),
        ("OPTIMIZATION_CACHE_MAX_SIZE", "0"),
        ("OPTIMIZATION_CACHE_MAX_SIZE", "many"),
        ("OPTIMIZATION_CACHE_L1_BOUND", "-0.1"),
        ("OPTIMIZATION_CACHE_MARKER_LIFE", "9"),
        ("OPTIMIZATION_CACHE_DEFAULT_TTL", "-1"),
        ("OPTIMIZATION_CACHE_TTL_CONTACTS", str(MAX_TTL + 1)),
        ("OPTIMIZATION_POOL_MAX_CONNECTIONS", "0"),
        ("OPTIMIZATION_POOL_MAX_IDLE_TIME", "1.5"),
        ("OPTIMIZATION_BATCH_MAX_SIZE", "10001"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(settings_of, variable, text):
    """Whoever set it knows it by that."""
    settings = settings_of(**{variable: text})
    with pytest.raises(ConfigurationError, match=f"^{variable}: "):
        _ = settings.cache_enabled


def test_all_wrong_values_are_named_at_once(settings_of):
    """Not one a start."""
    settings_of(OPTIMIZATION_CACHE_MAX_SIZE="x", OPTIMIZATION_BATCH_MAX_SIZE="y")
    with pytest.raises(ConfigurationError) as failed:
        read_defaults()
    assert "OPTIMIZATION_CACHE_MAX_SIZE" in str(failed.value)
    assert "OPTIMIZATION_BATCH_MAX_SIZE" in str(failed.value)


def test_an_empty_variable_is_one_that_is_not_set(settings_of):
    """Compose files write them so."""
    assert settings_of(OPTIMIZATION_CACHE_MAX_SIZE="").cache_max_size == 1000


def test_a_setting_that_does_not_exist_is_an_error(plain):
    """Not None."""
    with pytest.raises(AttributeError, match="cache_size"):
        _ = plain.cache_size


def test_a_table_without_a_ttl_of_its_own_has_the_default(settings_of):
    """Whatever it is called."""
    settings = settings_of(OPTIMIZATION_CACHE_DEFAULT_TTL="45")
    assert settings.policy("api.notes").ttl == 45
    assert settings.policy("public.contacts").ttl == 300


def test_an_override_holds_for_its_table_and_is_taken_back_as_a_whole(plain):
    """Each version replaces the one before."""
    plain.adopt(Overrides("v1", {"api.contacts": TableOverride(ttl=5, enabled=False)}))
    assert plain.version == "v1"
    assert plain.policy("api.contacts") == TablePolicy(5, enabled=False, ttl_is_set=True)
    assert plain.policy("public.contacts") == TablePolicy(300)
    plain.adopt(Overrides("v2"))
    assert plain.policy("api.contacts") == TablePolicy(300)


def test_an_empty_ttl_leaves_the_environments_and_zero_does_not(plain):
    """Nothing and zero are two things."""
    plain.adopt(Overrides("v", {"invoices": TableOverride(), "projects": TableOverride(ttl=0)}))
    assert plain.policy("api.invoices").ttl == 180
    assert plain.policy("api.projects").ttl == 0


def test_a_name_with_its_schema_has_the_word_over_one_without(plain):
    """The more particular holds."""
    tables = {"contacts": TableOverride(ttl=1), "api.contacts": TableOverride(ttl=2)}
    plain.adopt(Overrides("v", tables))
    assert plain.policy("api.contacts").ttl == 2
    assert plain.policy("public.contacts").ttl == 1


def test_a_source_without_a_schema_is_one_of_the_same_schema(plain):
    """Its tag must be the one that a write there touches."""
    sources = ("memberships", "auth.users")
    plain.adopt(Overrides("v", {"projects": TableOverride(sources=sources)}))
    assert plain.policy("api.projects").sources == ("api.memberships", "auth.users")


def test_the_public_names_look_at_the_one_view():
    """`get_cache_ttl` as the original has it."""
    assert get_cache_ttl("contacts") == optimization_settings.policy("contacts").ttl
