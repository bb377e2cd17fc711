"""The embedded stores: real servers, closed to others, keeping what they are given."""

import os

import psycopg
import redis


def test_django_s_role_is_no_superuser() -> None:
    """The address in the environment reaches PostgreSQL as a role that owns its database only."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT current_setting('is_superuser'), current_user").fetchone()
    assert row == ("off", "canvalo")


def test_valkey_answers_and_evicts_only_what_expires(fresh_valkey: str) -> None:
    """The ledger lives beside the cache: a key without an expiry is never evicted."""
    with redis.Redis.from_url(fresh_valkey, decode_responses=True) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
