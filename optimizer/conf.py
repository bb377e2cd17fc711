"""One typed view of the settings: `OPTIMIZATION_*` variables, and what was changed at run time.

The environment gives the defaults. Changes made in the admin are rows in the database; each process
holds a snapshot of them, which the runtime exchanges as a whole when the version stamp moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from optimizer.domain.ttl import MAX_TTL, TablePolicy


class Defaults(BaseSettings):
    """The variables, `OPTIMIZATION_` and the name in capitals; times are seconds."""

    model_config = SettingsConfigDict(env_prefix="OPTIMIZATION_", extra="ignore")

    cache_enabled: bool = Field(True, description="Answer reads from the cache.")
    cache_max_size: int = Field(1000, ge=1, description="Entries that the cache holds at most.")
    cache_max_bytes: int = Field(
        64_000_000, ge=1, description="Bytes that one process keeps in its own tier."
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


@dataclass(frozen=True, slots=True)
class TableOverride:
    """What the database says of one relation; None leaves the default."""

    ttl: int | None = None
    enabled: bool = True
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overrides:
    """Everything that was changed at run time, as of one version."""

    version: str = ""
    tables: Mapping[str, TableOverride] = field(default_factory=dict)


class OptimizationSettings:
    """Attributes are today's values; `adopt` exchanges the run-time changes as a whole."""

    def __init__(self, defaults: Defaults | None = None) -> None:
        self._defaults = defaults
        self._overrides = Overrides()

    @property
    def defaults(self) -> Defaults:
        """The environment's values, read at first use."""
        if self._defaults is None:
            self._defaults = Defaults()
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
        return getattr(self.defaults, name)

    def policy(self, relation: str) -> TablePolicy:
        """What holds for a relation, given as `schema.name` or as its bare name."""
        tables = self._overrides.tables
        bare = relation.rpartition(".")[2]
        override = tables.get(relation) or tables.get(bare) or TableOverride()
        ttl = self.default_ttl(bare) if override.ttl is None else override.ttl
        return TablePolicy(ttl, override.enabled, override.sources)

    def default_ttl(self, relation: str) -> int:
        """The TTL that the environment gives a relation, in seconds."""
        table = relation.rpartition(".")[2]
        default: int = self.defaults.cache_default_ttl
        return int(getattr(self.defaults, f"cache_ttl_{table}", default))


optimization_settings = OptimizationSettings()


def get_cache_ttl(table: str) -> int:
    """Seconds for which answers about a table are served; 300 for contacts by default."""
    return optimization_settings.policy(table).ttl
