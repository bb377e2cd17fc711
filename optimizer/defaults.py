"""The `OPTIMIZATION_*` variables: what each is called, may be, and is when nobody says anything."""

from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from optimizer.domain.ttl import MAX_TTL, EvictionPolicy
from optimizer.errors import ConfigurationError


class Defaults(BaseSettings):
    """The variables, `OPTIMIZATION_` and the name in capitals; times are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="OPTIMIZATION_", extra="ignore", env_ignore_empty=True
    )

    cache_enabled: bool = Field(True, description="Answer reads from the cache.")
    cache_max_size: int = Field(
        1000, ge=1, le=10_000_000, description="Entries that the cache holds at most."
    )
    cache_max_bytes: int = Field(
        64_000_000,
        ge=1,
        le=64_000_000_000,
        description="Bytes that one process keeps in its own tier.",
    )
    cache_l1_bound: float = Field(
        1.0,
        ge=0,
        le=60,
        description="For how long a process may answer from its own tier without "
        "asking Valkey, since it last heard of every change; 0: never.",
    )
    cache_marker_life: float = Field(
        60.0,
        ge=10,
        le=600,
        description="For how long a write that nobody heard the end of keeps "
        "its tables uncached: half of it to wait for the answer, half for a statement that still "
        "runs when nobody waits. Twice Supabase's longest statement time-out, or more.",
    )
    cache_eviction: EvictionPolicy = Field(
        EvictionPolicy.S3_FIFO,
        description="Which entries make room in a process's own tier: "
        "`s3-fifo`, or `lru` for the least recently used.",
    )
    cache_compress_from: int = Field(
        2048,
        ge=0,
        le=1_000_000_000,
        description="Bytes from which on an answer is compressed in Valkey; 0: never.",
    )
    cache_schema_interval: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Pause between looks at the project's tables, columns "
        "and keys, which the secret key alone is shown.",
    )
    cache_foreign_keys_complete: bool = Field(
        False,
        description="Declares that PostgREST's document shows every foreign key: none of "
        "several columns, none from or to another schema, no column with two. Then a DELETE ends "
        "what hangs below its table, and not everything.",
    )
    cache_refresh_ahead: bool = Field(
        True, description="Fetch an entry that is asked for often anew shortly before its end."
    )
    cache_default_ttl: int = Field(
        300, ge=0, le=MAX_TTL, description="TTL of tables that have none of their own."
    )
    cache_ttl_contacts: int = Field(300, ge=0, le=MAX_TTL, description="TTL of contacts.")
    cache_ttl_invoices: int = Field(180, ge=0, le=MAX_TTL, description="TTL of invoices.")
    cache_ttl_projects: int = Field(600, ge=0, le=MAX_TTL, description="TTL of projects.")
    cache_ttl_appointments: int = Field(120, ge=0, le=MAX_TTL, description="TTL of appointments.")
    pool_enabled: bool = Field(True, description="Keep clients open between requests.")
    pool_max_connections: int = Field(
        50, ge=1, le=10_000, description="Clients that a process holds."
    )
    pool_max_idle_time: int = Field(
        300, ge=1, le=86_400, description="After this an idle client is closed."
    )
    pool_cleanup_interval: int = Field(60, ge=1, le=3600, description="Pause between clean-ups.")
    pool_max_waiting: int = Field(
        1000,
        ge=0,
        le=1_000_000,
        description="Requests that wait for a connection; more are refused.",
    )
    pool_wait_timeout: int = Field(
        10, ge=1, le=60, description="How long each of them waits at most."
    )
    pool_http2: bool = Field(
        False, description="Speak HTTP/2 to Supabase; see docs/pool.md for what it costs."
    )
    retry_attempts: int = Field(
        5, ge=1, le=10, description="How often a request is sent, where repeating it is safe."
    )
    request_deadline: int = Field(
        30, ge=1, le=50, description="After this a request about rows has ended, with all retries."
    )
    breaker_enabled: bool = Field(
        True, description="Leave Supabase alone for a moment when most requests fail."
    )
    batch_enabled: bool = Field(True, description="Fold many writes into few calls.")
    batch_max_size: int = Field(100, ge=1, le=10_000, description="Rows that go in one call.")
    batch_max_bytes: int = Field(
        1_000_000,
        ge=1000,
        le=100_000_000,
        description="Bytes that the rows of one call have at most.",
    )
    batch_max_total: int = Field(
        100_000,
        ge=1,
        le=10_000_000,
        description="Rows that a batch takes as a list; a stream has no end.",
    )
    batch_concurrency: int = Field(4, ge=1, le=100, description="Calls of a batch at once.")
    batch_patience: int = Field(
        30,
        ge=0,
        le=3600,
        description="How long a batch asks what became of rows whose answer was lost.",
    )
    access_log: bool = Field(
        False, description="A line for each hit, miss, lease and batch on `optimizer.access`."
    )
    default_schema: str = Field(
        "api", min_length=1, description="Schema of tables that are named without one."
    )
    owner_column: str = Field(
        "owner_id", min_length=1, description="Column of a row's owner, for calls by user id."
    )


def read_defaults() -> Defaults:
    """Read the variables; raises ConfigurationError that names each wrong one."""
    try:
        return Defaults()
    except ValidationError as error:
        wrong = (f"OPTIMIZATION_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise ConfigurationError("; ".join(wrong)) from error


def checked(name: str, value: Any) -> Any:
    """A setting's value in its type; raises ConfigurationError where it does not exist or fit."""
    if name not in Defaults.model_fields:
        raise ConfigurationError(f"there is no setting {name!r}")
    try:
        return getattr(Defaults(**{name: value}), name)
    except ValidationError as error:
        raise ConfigurationError(f"{name}: {error.errors()[0]['msg']}") from error
