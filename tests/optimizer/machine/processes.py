"""Processes of the machine: each an engine with tiers and connections of its own, and who asks."""

import asyncio
from dataclasses import dataclass, field, replace

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError

from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import Fetcher, SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.domain import scope as scopes
from optimizer.domain.facts import ChangeMade
from optimizer.domain.scope import Scope
from optimizer.domain.ttl import SharedBy, TablePolicy
from optimizer.engine import Engine
from optimizer.errors import CacheUnavailable
from tests.optimizer.machine.promises import BOUND
from tests.optimizer.tiers import Lease
from tests.optimizer.wire import Wire

LIFE = 600.0  # s of a marker; an example takes far less in real time
TTL = 3000  # s; longer than a marker's life, so that no TTL hides what a marker should have told
PLAIN, STRICT, SHARED = "api.contacts", "api.invoices", "api.news"
RELATIONS = (PLAIN, STRICT, SHARED)
_WAIT = 0.02  # s for which another process's fetch is waited for


@dataclass(frozen=True)
class Caller:
    """Somebody with a verified token."""

    name: str
    role: str = "authenticated"

    @property
    def scope(self) -> Scope:
        """As the engine is told."""
        return scopes.from_claims({"role": self.role, "sub": self.name})

    def holder(self, relation: str) -> str:
        """Whose rows these are: what row-level security lets this caller see."""
        return self.role if relation == SHARED else f"{self.role} {self.name}"


CALLERS = (Caller("alice"), Caller("bob"), Caller("alice", "service_role"))


def _tables() -> dict[str, TablePolicy]:
    return {
        PLAIN: TablePolicy(TTL, stale_if_error=60),
        STRICT: TablePolicy(TTL, strict=True),
        SHARED: TablePolicy(TTL, shared_by=SharedBy.ROLE),
    }


@dataclass
class Settings:
    """The settings of all processes; a TTL may be changed while they run."""

    cache_enabled: bool = True
    cache_max_size: int = 20
    cache_refresh_ahead: bool = False
    access_log: bool = False
    any_strict: bool = True
    tables: dict[str, TablePolicy] = field(default_factory=_tables)

    def policy(self, relation: str) -> TablePolicy:
        """What is set for a relation."""
        return self.tables[relation]

    def set_ttl(self, relation: str, ttl: int) -> None:
        """An operator's change."""
        self.tables[relation] = replace(self.tables[relation], ttl=ttl)


class Process:
    """One process; `restarted` makes its successor, on the same wire."""

    def __init__(self, wire: Wire, settings: Settings, clock, lease: Lease) -> None:
        self.wire = wire
        self._made_of = (settings, clock, lease)
        self._lease = lease
        self._client = Redis.from_url(wire.url, retry=Retry(NoBackoff(), 1, (ConnectionError,)))
        shared = SharedTier(self._client, lambda: LIFE)
        self.history = shared.history
        cache = TieredCache(MemoryTier(8, 10**6), shared, self._note, clock, lease)
        fetches = cache._fetches
        fetches.fetcher = Fetcher(fetches.fetcher.name, _WAIT)
        self.engine = Engine(cache, settings, self._note)
        self.fenced: dict[asyncio.Task | None, bool] = {}  # of each write, by its task

    def _note(self, fact) -> None:
        if isinstance(fact, ChangeMade):
            self.fenced[asyncio.current_task()] = fact.fenced

    def restarted(self) -> "Process":
        """The next process in this place: it knows nothing."""
        return Process(self.wire, *self._made_of)

    async def follow(self) -> None:
        """Hear of everything that happened, where that can be."""
        try:
            await self.history.catch_up(self._lease, BOUND)
        except CacheUnavailable:
            return  # then it serves nothing unasked once the bound is over

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()
