"""Where Supabase and Valkey are, and how they are reached."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import redis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ValkeyGone

from optimizer.errors import ConfigurationError

_FIELDS = {
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_ANON_KEY": "anon_key",
    "VALKEY_URL": "valkey_url",
}
_ANY = "https://abcd.supabase.co"


@dataclass(frozen=True, slots=True)
class Config:
    """Where Supabase and Valkey are; a program without Django makes one itself.

    Without `jwt_secret` or `jwks_url` no token can be verified, and what is not verified is never
    cached. Only a call with a user id and no token needs `service_role_key`. With `jwt_issuer` the
    tokens of anybody else are not verified either.
    """

    supabase_url: str
    anon_key: str
    service_role_key: str = ""
    jwt_secret: str = ""
    jwks_url: str = ""
    valkey_url: str = "redis://127.0.0.1:6379/0"
    jwt_issuer: str = ""


def connect(url: str) -> Redis:
    """Connect lazily; a server that is away is noticed in a second, not retried in a request.

    Whoever comes while all connections are busy waits for one: more callers are not a fault.
    Raises ConfigurationError where the address is missing.
    """
    require(VALKEY_URL=url)
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        timeout=2,
        socket_timeout=2.0,
        socket_connect_timeout=1.0,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1, (ValkeyGone,)),
        max_connections=64,
    )
    return Redis.from_pool(pool)


def connect_blocking(url: str) -> redis.Redis:
    """Connect from a thread without an event loop, for one question; used as a context."""
    return redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0, retry=None)


def base_path(url: str) -> str:
    """The part of the project's path that stands before /rest/v1/; supabase-py adds the slash."""
    return urlsplit(url).path.rstrip("/")


def is_address(url: str) -> bool:
    """Whether this is a whole address of a project: with https:// (or http://) and a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def require(**values: str) -> None:
    """Raise ConfigurationError that names what is empty, and a project's address that is none."""
    missing = [name for name, value in values.items() if not value]
    if missing:
        fields = ", ".join(_FIELDS[name] for name in missing)
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set (in a Config of your own: {fields})"
        )
    if not is_address(values.get("SUPABASE_URL", _ANY)):
        raise ConfigurationError(
            "SUPABASE_URL is no address: write it as https://abcd.supabase.co "
            "(in a Config of your own: supabase_url)"
        )
