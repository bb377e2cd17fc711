"""One typed view of the settings: `OPTIMIZATION_*` variables, and what was changed at run time.

The environment gives the defaults. Changes made in the admin are rows in the database; each process
holds a snapshot of them, which the runtime exchanges as a whole when the version stamp moves.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from optimizer.defaults import Defaults, checked, read_defaults
from optimizer.domain.grain.schema import Declared, Routine
from optimizer.domain.ttl import SharedBy, TablePolicy
from optimizer.errors import ConfigurationError

VERSION_KEY = "{canvalo}:settings-version"  # in Valkey: the stamp that moves with every change
_MOST_POLICIES = 1000  # relations whose policy is remembered


@dataclass(frozen=True, slots=True)
class TableOverride:
    """What the database says of one relation; None leaves the default."""

    ttl: int | None = None
    enabled: bool = True
    sources: tuple[str, ...] = ()
    strict: bool = False
    stale_if_error: int = 0
    stale_while_revalidate: int = 0
    negative_ttl: int = 0
    shared_by: SharedBy = SharedBy.CALLER
    declared: Declared | None = None  # None: only whole relations are told apart

    @property
    def said(self) -> Declared:
        """What is declared of the database; sources are, in any case."""
        return self.declared or Declared(also=frozenset(self.sources))


@dataclass(frozen=True, slots=True)
class Overrides:
    """Everything that was changed at run time, as of one version."""

    version: str = ""
    tables: Mapping[str, TableOverride] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)  # switches and limits, by name
    routines: Mapping[str, Routine] = field(default_factory=dict)  # functions, by name


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
        self._policies: dict[str, TablePolicy] = {}
        self.generation = object()  # another one whenever something was changed

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
        self._policies, self.generation = {}, object()
        for name in Defaults.model_fields:
            self.__dict__.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in Defaults.model_fields:
            raise AttributeError(f"there is no setting {name!r}")
        value = self._overrides.engine.get(name, getattr(self.defaults, name))
        self.__dict__[name] = value  # found there until `adopt`: this is asked at every request
        return value

    def policy(self, relation: str) -> TablePolicy:
        """What holds for a relation, given as `schema.name` or as its bare name.

        The same object until something is changed.
        """
        found = self._policies.get(relation)
        if found is None:
            if len(self._policies) >= _MOST_POLICIES:
                self._policies.clear()
            found = self._policies[relation] = self._policy(relation)
        return found

    def _policy(self, relation: str) -> TablePolicy:
        tables = self._overrides.tables
        bare = relation.rpartition(".")[2]
        override = tables.get(relation) or tables.get(bare) or TableOverride()
        ttl = self.default_ttl(bare) if override.ttl is None else override.ttl
        sources = (_in_schema_of(relation, source) for source in override.sources)
        return TablePolicy(
            ttl, override.enabled, tuple(sources), override.ttl is not None, override.strict,
            override.stale_if_error, override.stale_while_revalidate, override.negative_ttl,
            override.shared_by,
        )  # fmt: skip

    def declarations(self) -> dict[str, Declared]:
        """What was declared of relations, by `schema.name`."""
        return {
            near: _qualified(override.said, near)
            for name, override in self._overrides.tables.items()
            if (override.declared or override.sources) and (near := self._near(name))
        }

    def routines(self) -> dict[str, Routine]:
        """What was declared of functions, by `schema.name`."""
        return {
            (near := self._near(name)): Routine(
                _all_near(near, found.reads), _all_near(near, found.writes)
            )
            for name, found in self._overrides.routines.items()
        }

    def _near(self, name: str) -> str:
        return _in_schema_of(f"{self.default_schema}.", name)

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


def _qualified(declared: Declared, relation: str) -> Declared:
    """With the schema of the relation where another one is named without."""
    return replace(
        declared,
        sources=_all_near(relation, declared.sources),
        also=_all_near(relation, declared.also) or frozenset(),
        targets=_all_near(relation, declared.targets),
    )


def _all_near(relation: str, names: frozenset[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(_in_schema_of(relation, name) for name in names)


optimization_settings = OptimizationSettings()


def get_cache_ttl(table: str) -> int:
    """Seconds for which answers about a table are served; 300 for contacts by default."""
    return optimization_settings.policy(table).ttl
