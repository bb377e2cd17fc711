"""One typed view of the settings: `OPTIMIZATION_*` variables, and what was changed at run time.

The environment gives the defaults. Changes made in the admin are rows in the database; each process
holds a snapshot of them, which the runtime exchanges as a whole when the version stamp moves.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from optimizer.domain.ttl import MAX_TTL, SharedBy, TablePolicy
from optimizer.errors import ConfigurationError


class Defaults(BaseSettings):
    """The variables, `OPTIMIZATION_` and the name in capitals; times are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="OPTIMIZATION_", extra="ignore", env_ignore_empty=True
    )

    cache_enabled: bool = Field(True, description="Answer reads from the cache.")
    cache_max_size: int = Field(1000, ge=1, description="Entries that the cache holds at most.")
    cache_max_bytes: int = Field(
        64_000_000, ge=1, description="Bytes that one process keeps in its own tier."
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
    cache_default_ttl: int = Field(
        300, ge=0, le=MAX_TTL, description="TTL of tables that have none of their own."
    )
    cache_ttl_contacts: int = Field(300, ge=0, le=MAX_TTL, description="TTL of contacts.")
    cache_ttl_invoices: int = Field(180, ge=0, le=MAX_TTL, description="TTL of invoices.")
    cache_ttl_projects: int = Field(600, ge=0, le=MAX_TTL, description="TTL of projects.")
    cache_ttl_appointments: int = Field(120, ge=0, le=MAX_TTL, description="TTL of appointments.")
    pool_enabled: bool = Field(True, description="Keep clients open between requests.")
    pool_max_connections: int = Field(50, ge=1, description="Clients that a process holds.")
    pool_max_idle_time: int = Field(300, ge=1, description="After this an idle client is closed.")
    pool_cleanup_interval: int = Field(60, ge=1, description="Pause between clean-ups.")
    batch_enabled: bool = Field(True, description="Fold many writes into few calls.")
    batch_max_size: int = Field(100, ge=1, le=10_000, description="Rows that go in one call.")
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


@dataclass(frozen=True, slots=True)
class TableOverride:
    """What the database says of one relation; None leaves the default."""

    ttl: int | None = None
    enabled: bool = True
    sources: tuple[str, ...] = ()
    strict: bool = False
    stale_if_error: int = 0
    shared_by: SharedBy = SharedBy.CALLER


@dataclass(frozen=True, slots=True)
class Overrides:
    """Everything that was changed at run time, as of one version."""

    version: str = ""
    tables: Mapping[str, TableOverride] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)  # switches and limits, by name


class Store(Protocol):
    """Where changes are kept, so that every process hears of them; None takes one back."""

    def update(self, changes: Mapping[str, Any], by: Any) -> Overrides:
        """Keep the changes, record who made them, and return everything that was changed."""

    def update_alone(self, changes: Mapping[str, Any], by: Any) -> Overrides:
        """The same, from a thread that leaves nothing open behind."""


class OptimizationSettings:
    """Attributes are today's values; `adopt` exchanges the run-time changes as a whole."""

    def __init__(self, defaults: Defaults | None = None) -> None:
        self._defaults = defaults
        self._overrides = Overrides()
        self._store: Store | None = None

    def persist_in(self, store: Store) -> None:
        """Keep what `update` changes there; without a store it holds for this process alone."""
        self._store = store

    def update(self, by: Any = None, **changes: Any) -> None:
        """Change settings while everything runs; None returns one to the environment's value.

        Every process obeys within two seconds; who changed what is recorded (`by`: a Django user).
        Raises ConfigurationError, and changes nothing, where one does not exist or does not fit.
        """
        wanted = _all_checked(changes)
        if self._store is None:
            self.adopt(self._with(wanted))
        else:
            self.adopt(self._store.update(wanted, by))

    async def aupdate(self, by: Any = None, **changes: Any) -> None:
        """Like `update`, for code in an event loop."""
        wanted = _all_checked(changes)
        if self._store is None:
            self.adopt(self._with(wanted))
        else:
            self.adopt(await asyncio.to_thread(self._store.update_alone, wanted, by))

    def _with(self, changes: Mapping[str, Any]) -> Overrides:
        engine = {**self._overrides.engine, **changes}
        kept = {name: value for name, value in engine.items() if value is not None}
        return replace(self._overrides, engine=kept)

    @property
    def defaults(self) -> Defaults:
        """The environment's values, read at first use; raises ConfigurationError."""
        if self._defaults is None:
            self._defaults = read_defaults()
        return self._defaults

    @property
    def version(self) -> str:
        """Which version of the run-time changes is in force."""
        return self._overrides.version

    def adopt(self, overrides: Overrides) -> None:
        """Put another version of the run-time changes in force."""
        self._overrides = overrides

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in Defaults.model_fields:
            raise AttributeError(f"there is no setting {name!r}")
        return self._overrides.engine.get(name, getattr(self.defaults, name))

    def policy(self, relation: str) -> TablePolicy:
        """What holds for a relation, given as `schema.name` or as its bare name."""
        tables = self._overrides.tables
        bare = relation.rpartition(".")[2]
        override = tables.get(relation) or tables.get(bare) or TableOverride()
        ttl = self.default_ttl(bare) if override.ttl is None else override.ttl
        sources = (_in_schema_of(relation, source) for source in override.sources)
        return TablePolicy(
            ttl, override.enabled, tuple(sources), override.ttl is not None, override.strict,
            override.stale_if_error, override.shared_by,
        )  # fmt: skip

    @property
    def any_strict(self) -> bool:
        """Whether any table is strict, which a change of unknown reach must respect."""
        return any(override.strict for override in self._overrides.tables.values())

    def default_ttl(self, relation: str) -> int:
        """The TTL of a relation that has none of its own in the admin, in seconds."""
        table = relation.rpartition(".")[2]
        return int(getattr(self, f"cache_ttl_{table}", self.cache_default_ttl))


def _all_checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: None if v is None else checked(name, v) for name, v in changes.items()}
    if unknown := values.keys() - Defaults.model_fields.keys():
        raise ConfigurationError(f"there is no setting {sorted(unknown)[0]!r}")
    return values


def _in_schema_of(relation: str, source: str) -> str:
    """Give a source that is named without a schema that of the relation that depends on it."""
    schema, dot, _ = relation.rpartition(".")
    return source if "." in source else f"{schema}{dot}{source}"


optimization_settings = OptimizationSettings()


def get_cache_ttl(table: str) -> int:
    """Seconds for which answers about a table are served; 300 for contacts by default."""
    return optimization_settings.policy(table).ttl
