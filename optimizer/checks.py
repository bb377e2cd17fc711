"""System checks: what is missing, what follows from it, and what to do."""

from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.db import connection

from optimizer.cache.history import spares_markers
from optimizer.config import is_address
from optimizer.defaults import read_defaults
from optimizer.errors import ConfigurationError
from optimizer.metrics.store.usage import project_ref

_NO_ADDRESS = Error(
    "SUPABASE_URL is no address of a project.",
    hint="Write it whole: https://abcd.supabase.co.",
    id="optimizer.E004",
)


@register(Tags.security)
def tokens_can_be_verified(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Without a key no token can be verified, and what is not verified is never cached."""
    if _named("SUPABASE_JWT_SECRET") or _named("SUPABASE_JWKS_URL"):
        return []
    return [
        Warning(
            "No user token can be verified, so nothing would be cached.",
            hint="Set SUPABASE_JWT_SECRET, or SUPABASE_JWKS_URL to the project's "
            "/auth/v1/.well-known/jwks.json. For its stand-in `script/server` sets the first.",
            id="optimizer.W001",
        )
    ]


@register()
def supabase_is_named(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The engine needs the project's address and its public key."""
    if _named("SUPABASE_URL") and _named("SUPABASE_ANON_KEY"):
        return [] if is_address(_named("SUPABASE_URL")) else [_NO_ADDRESS]
    return [
        Warning(
            "SUPABASE_URL or SUPABASE_ANON_KEY is not set, so no request can be sent on.",
            hint="Start everything with `script/server`, or set both from the project's page.",
            id="optimizer.W002",
        )
    ]


@register()
def valkey_is_named(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Django's caches and the engine's shared tier live in Valkey."""
    if _named("VALKEY_URL").startswith(("redis://", "rediss://", "unix://")):
        return []
    return [
        Error(
            "VALKEY_URL is not an address of a Valkey or Redis server.",
            hint="Write it as redis://:password@host:6379/0.",
            id="optimizer.E001",
        )
    ]


@register()
def figures_can_be_stored(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The engine's migrations and figures are written in SQL of PostgreSQL's own."""
    if connection.vendor == "postgresql":
        return []
    return [
        Error(
            f"The default database is {connection.display_name}, and the engine needs PostgreSQL.",
            hint="Set DATABASES['default'] to a PostgreSQL before you run migrate.",
            id="optimizer.E005",
        )
    ]


@register()
def supabases_own_count_can_be_asked(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A management token alone does not say of which project."""
    if not _named("SUPABASE_MANAGEMENT_TOKEN") or project_ref():
        return []
    return [
        Warning(
            "SUPABASE_MANAGEMENT_TOKEN is set, but SUPABASE_URL does not show which project it is, "
            "so Supabase's own count of calls is not fetched.",
            hint="Set SUPABASE_PROJECT_REF, or remove the token.",
            id="optimizer.W003",
        )
    ]


@register(Tags.security, deploy=True)
def valkey_spares_markers(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """What says that a write is under way has no expiry, and must not be evicted."""
    try:
        with redis.Redis.from_url(
            _named("VALKEY_URL"), socket_timeout=2, socket_connect_timeout=2
        ) as client:
            policy = str(client.info("memory")["maxmemory_policy"])
    except (redis.RedisError, OSError, ValueError):
        return [
            Info(
                "Valkey does not answer, so its maxmemory-policy could not be looked at.",
                hint="It must be noeviction or one of volatile-*.",
                id="optimizer.I001",
            )
        ]
    if spares_markers(policy):
        return []
    return [
        Error(
            f"Valkey's maxmemory-policy is {policy}: it may evict what says that a write is under "
            "way, and old answers would be served.",
            hint="Set it to noeviction, or to one of volatile-*.",
            id="optimizer.E003",
        )
    ]


@register()
def variables_are_valid(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A wrong `OPTIMIZATION_…` variable is refused at start, not at the first request."""
    try:
        read_defaults()
    except ConfigurationError as error:
        return [Error(str(error), hint="Correct or remove the variable.", id="optimizer.E002")]
    return []


def _named(setting: str) -> str:
    """A setting's text, empty where a project of somebody else's does not have it."""
    return str(getattr(settings, setting, "") or "")
