"""What one event loop needs to use the engine, wired together; nothing here needs Django."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ValkeyGone
from redis.exceptions import RedisError
from supabase import AsyncClient

from optimizer import access
from optimizer.background import Background
from optimizer.cache.follower import Follower
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.conf import OptimizationSettings, Overrides, optimization_settings
from optimizer.domain.answer import Answer
from optimizer.domain.facts import Emit, Fact
from optimizer.door import Door
from optimizer.engine import Engine
from optimizer.errors import ConfigurationError
from optimizer.functions import FunctionCache
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.recorder import Recorder, flush_now
from optimizer.schemata import FetchRoot, Schemata
from optimizer.upstream.client import TIMEOUT, make_client
from optimizer.upstream.keys import FetchKeys
from optimizer.upstream.pool import ConnectionPool, Identity
from optimizer.upstream.proxy import proxy_for
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import ask, json_of, make_transport

Load = Callable[[str], Awaitable[Overrides]]

FLUSH_INTERVAL = 1.0  # s; what a killed process can lose
OWED_INTERVAL = 1.0  # s between attempts to end what writes without Valkey left standing
SETTINGS_INTERVAL = 0.5  # s between looks at the settings' version stamp
SETTINGS_KEY = "{canvalo}:settings-version"
_FIELDS = {
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_ANON_KEY": "anon_key",
    "VALKEY_URL": "valkey_url",
}


@dataclass(frozen=True, slots=True)
class Config:
    """Where Supabase and Valkey are; a program without Django makes one itself.

    Without `jwt_secret` or `jwks_url` no token can be verified, and what is not verified is never
    cached. Only a call with a user id and no token needs `service_role_key`.
    """

    supabase_url: str
    anon_key: str
    service_role_key: str = ""
    jwt_secret: str = ""
    jwks_url: str = ""
    valkey_url: str = "redis://127.0.0.1:6379/0"


class Runtime:
    """Everything that one event loop needs, wired together."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        settings: OptimizationSettings = optimization_settings,
        load: Load | None = None,
    ) -> None:
        self.config = config
        self.recorder = recorder
        self.settings = settings
        self._load = load
        self.valkey: Redis = connect(config.valkey_url)
        self.shared = SharedTier(
            self.valkey,
            lambda: settings.cache_marker_life,
            lambda: settings.cache_compress_from,
        )
        self.transport = make_transport(
            settings.pool_max_connections, proxy_for(config.supabase_url)
        )
        self.verifier = TokenVerifier(config.jwt_secret, self._key_source())
        self.cache = _cache(self.shared, settings, self.emit)
        self.schemata = Schemata(self._root_source(), self.emit)
        self.engine = Engine(self.cache, settings, self.emit, lambda: self.schemata.schema)
        self.functions = FunctionCache(self.cache, settings, self.emit, self.engine.hits)
        self.pool = ConnectionPool(self._make_client, settings, self.emit)
        self._follower = Follower(self.shared.history, lambda: settings.cache_l1_bound, self.emit)
        self._background = Background()

    def emit(self, fact: Fact) -> None:
        """Tell everybody who wants to know what happened."""
        self.recorder.record(fact)
        if self.settings.access_log:
            access.log(fact)

    def start(self) -> None:
        """Start the recurring work in this loop."""
        self._background.every("follow-up of changes", lambda: 0.0, self._follower.round)
        self._background.every("flush of metrics", lambda: FLUSH_INTERVAL, self.flush_metrics)
        self._background.every(
            "clean-up of idle clients",
            lambda: float(self.settings.pool_cleanup_interval),
            self.pool.close_idle,
        )
        self._background.every(
            "look at the schema",
            lambda: float(self.settings.cache_schema_interval),
            self.refresh_schema,
        )
        self._background.every("touch of what is owed", lambda: OWED_INTERVAL, self.engine.settle)
        if self._load is not None:
            self._background.every(
                "watch of settings", lambda: SETTINGS_INTERVAL, self.refresh_settings
            )

    async def close(self) -> None:
        """Stop the recurring work, hand the counts over, close every connection."""
        await self._background.stop()
        await self.cache.close()
        await self.engine.settle()
        self.engine.hits.hand_over()
        await flush_now(self.recorder, self.valkey, self._gauges, leaving=True)
        await self.pool.close()
        await self.transport.aclose()
        await self.valkey.aclose()

    async def flush_metrics(self) -> None:
        """Hand this process's counts to Valkey now."""
        self.engine.hits.hand_over()
        await flush_now(self.recorder, self.valkey, self._gauges)

    async def refresh_settings(self) -> None:
        """Adopt the run-time settings where their version has moved or cannot be heard."""
        if self._load is None:
            return
        version = await self._settings_version()
        if version is None or version != self.settings.version:
            self.settings.adopt(await self._load(version or ""))
            self.cache.memory.resize(
                self.settings.cache_max_size,
                self.settings.cache_max_bytes,
                self.settings.cache_eviction,
            )
            self._declare()

    async def refresh_schema(self) -> None:
        """Learn the project's tables, and take what was declared of them."""
        self._declare()
        await self.schemata.refresh(self.settings.default_schema)

    def _declare(self) -> None:
        complete = bool(self.settings.cache_foreign_keys_complete)
        self.schemata.declare(self.settings.declarations(), keys_complete=complete)

    async def _settings_version(self) -> str | None:
        """The stamp; "0" where none was ever set, None where Valkey is away."""
        try:
            stamp = await self.valkey.get(SETTINGS_KEY)
        except (OSError, RedisError):
            return None
        return stamp.decode() if isinstance(stamp, bytes) else "0"

    def _make_client(self, identity: Identity) -> AsyncClient:
        config = self.config
        _require(SUPABASE_URL=config.supabase_url, SUPABASE_ANON_KEY=config.anon_key)
        trusted = None if identity.bearer else identity.user_id
        if trusted is not None and not config.service_role_key:
            raise ConfigurationError(
                "a call with a user id and no token needs SUPABASE_SERVICE_ROLE_KEY"
            )
        key = config.service_role_key if trusted is not None else config.anon_key
        door = Door(
            self.engine, self.transport, self.verifier, _base_path(config.supabase_url), trusted
        )
        return make_client(config.supabase_url, key, door, identity.bearer)

    def _root_source(self) -> FetchRoot | None:
        return self._fetch_root if self.config.service_role_key else None

    async def _fetch_root(self, schema: str) -> Answer:
        key = self.config.service_role_key
        headers = {"apikey": key, "accept-profile": schema}
        if not key.startswith("sb_"):
            headers["authorization"] = f"Bearer {key}"
        url = f"{self.config.supabase_url.rstrip('/')}/rest/v1/"
        extensions = {"timeout": TIMEOUT.as_dict()}
        return await ask(
            self.transport, httpx.Request("GET", url, headers=headers, extensions=extensions)
        )

    def _key_source(self) -> FetchKeys | None:
        return self._fetch_keys if self.config.jwks_url else None

    async def _fetch_keys(self) -> Any:
        extensions = {"timeout": TIMEOUT.as_dict()}
        request = httpx.Request("GET", self.config.jwks_url, extensions=extensions)
        return json_of(await ask(self.transport, request))

    def _gauges(self) -> PoolGauges:
        held = self.pool.gauges
        return PoolGauges(held.total, held.active, held.idle)


def _cache(shared: SharedTier, settings: OptimizationSettings, emit: Emit) -> TieredCache:
    memory = MemoryTier(settings.cache_max_size, settings.cache_max_bytes, settings.cache_eviction)
    return TieredCache(memory, shared, emit, time.time)


def connect(url: str) -> Redis:
    """Connect lazily; a server that is away is noticed in a second, not retried in a request.

    Whoever comes while all connections are busy waits for one: more callers are not a fault.
    Raises ConfigurationError where the address is missing.
    """
    _require(VALKEY_URL=url)
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


def _base_path(url: str) -> str:
    """The part of the project's path that stands before /rest/v1/; supabase-py adds the slash."""
    return urlsplit(url).path.rstrip("/")


def _require(**values: str) -> None:
    """Raise ConfigurationError that names what is empty."""
    missing = [name for name, value in values.items() if not value]
    if missing:
        fields = ", ".join(_FIELDS[name] for name in missing)
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set (in a Config of your own: {fields})"
        )
