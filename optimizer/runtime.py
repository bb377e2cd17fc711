"""The composition root: one runtime for each process and event loop, opened at first use.

Nothing is opened at import. A fork starts empty. A loop that has ended takes its runtime with it.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ValkeyGone
from redis.exceptions import RedisError
from supabase import AsyncClient

from optimizer.background import Background
from optimizer.batch.writer import BatchWriter
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import CacheSizes, SharedTier, sizes_blocking
from optimizer.cache.tiered import TieredCache
from optimizer.conf import OptimizationSettings, Overrides, optimization_settings
from optimizer.domain.answer import Answer
from optimizer.domain.chunks import BatchResult, Row
from optimizer.domain.facts import Emit
from optimizer.door import Door
from optimizer.engine import Engine
from optimizer.errors import ConfigurationError
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.recorder import Recorder, flush_forever, flush_now
from optimizer.upstream.client import make_client
from optimizer.upstream.pool import ConnectionPool, Identity
from optimizer.upstream.tokens import FetchKeys, TokenVerifier
from optimizer.upstream.transport import ask, make_transport

T = TypeVar("T")
Load = Callable[[str], Awaitable[Overrides]]

FLUSH_INTERVAL = 1.0  # s; what a killed process can lose
SETTINGS_INTERVAL = 0.5  # s between looks at the settings' version stamp
SETTINGS_KEY = "{canvalo}:settings-version"


@dataclass(frozen=True, slots=True)
class Config:
    """Where Supabase and Valkey are; a program without Django makes one itself."""

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
        self.valkey: Redis = _valkey(config.valkey_url)
        self.shared = SharedTier(self.valkey)
        self.transport = make_transport(settings.pool_max_connections)
        self.verifier = TokenVerifier(config.jwt_secret, self._key_source())
        self.engine = _engine(self.shared, settings, recorder.record)
        self.pool = ConnectionPool(self._make_client, settings, recorder.record)
        self._background = Background()

    def start(self) -> None:
        """Start the recurring work in this loop."""
        self._background.add(
            "flush of metrics",
            flush_forever(self.recorder, self.valkey, FLUSH_INTERVAL, self._gauges),
        )
        self._background.every(
            "clean-up of idle clients",
            lambda: float(self.settings.pool_cleanup_interval),
            self.pool.close_idle,
        )
        if self._load is not None:
            self._background.every(
                "watch of settings", lambda: SETTINGS_INTERVAL, self.refresh_settings
            )

    async def close(self) -> None:
        """Stop the recurring work, hand the counts over, close every connection."""
        await self._background.stop()
        await self.flush_metrics()
        await self.pool.close()
        await self.transport.aclose()
        await self.valkey.aclose()

    async def flush_metrics(self) -> None:
        """Hand this process's counts to Valkey now."""
        await flush_now(self.recorder, self.valkey, self._gauges)

    async def refresh_settings(self) -> None:
        """Adopt the run-time settings where their version has moved or cannot be heard."""
        if self._load is None:
            return
        version = await self._settings_version()
        if version is None or version != self.settings.version:
            self.settings.adopt(await self._load(version or ""))

    async def _settings_version(self) -> str | None:
        """The stamp; "0" where none was ever set, None where Valkey is away."""
        try:
            stamp = await self.valkey.get(SETTINGS_KEY)
        except (OSError, RedisError):
            return None
        return stamp.decode() if isinstance(stamp, bytes) else "0"

    def _make_client(self, identity: Identity) -> AsyncClient:
        config = self.config
        trusted = None if identity.bearer else identity.user_id
        if trusted is not None and not config.service_role_key:
            raise ConfigurationError(
                "a call with a user id and no token needs SUPABASE_SERVICE_ROLE_KEY"
            )
        key = config.service_role_key if trusted is not None else config.anon_key
        door = Door(
            self.engine, self.transport, self.verifier, urlsplit(config.supabase_url).path, trusted
        )
        return make_client(config.supabase_url, key, door, identity.bearer)

    def _key_source(self) -> FetchKeys | None:
        return self._fetch_keys if self.config.jwks_url else None

    async def _fetch_keys(self) -> dict[str, Any]:
        answer = await ask(self.transport, httpx.Request("GET", self.config.jwks_url))
        keys: dict[str, Any] = httpx.Response(answer.status, content=answer.body).json()
        return keys

    def _gauges(self) -> PoolGauges:
        held = self.pool.gauges
        return PoolGauges(held.total, held.active, held.idle)


_runtimes: dict[asyncio.AbstractEventLoop, Runtime] = {}
_recorder: Recorder | None = None


def current() -> Runtime:
    """Return the running loop's runtime, opening it at first use; call it from a coroutine."""
    loop = asyncio.get_running_loop()
    if loop not in _runtimes:
        for ended in [other for other in _runtimes if other.is_closed()]:
            del _runtimes[ended]
        _runtimes[loop] = runtime = Runtime(_django_config(), recorder(), load=_load_overrides)
        runtime.start()
    return _runtimes[loop]


def recorder() -> Recorder:
    """Return the process's one recorder of facts."""
    global _recorder
    if _recorder is None:
        _recorder = Recorder(f"{os.getpid()}-{os.urandom(4).hex()}")
    return _recorder


async def close_current() -> None:
    """Close the running loop's runtime, if one was opened."""
    runtime = _runtimes.pop(asyncio.get_running_loop(), None)
    if runtime is not None:
        await runtime.close()


def get_connection_pool() -> ConnectionPool:
    """Return the running loop's pool: `async with get_connection_pool().get_connection(…)`."""
    return current().pool


def supabase_client(
    user_id: str | None = None, access_token: str | None = None
) -> AbstractAsyncContextManager[AsyncClient]:
    """Lend a supabase-py client whose requests pass through the engine."""
    return current().pool.get_connection(user_id, access_token)


async def with_pooled_connection(
    fn: Callable[[AsyncClient], Awaitable[T]],
    user_id: str | None = None,
    jwt_token: str | None = None,
) -> T:
    """Call `fn` with a pooled client and return what it returns."""
    async with get_connection_pool().get_connection(user_id, jwt_token) as client:
        return await fn(client)


async def batch_insert_records(
    table: str,
    records: Sequence[Row],
    user_id: str | None = None,
    jwt_token: str | None = None,
    *,
    schema: str = "api",
) -> BatchResult:
    """Insert rows in few calls; one outcome for each, in their order.

    Raises BatchError where a record is not an object.
    """

    async def insert(rows: Sequence[Row]) -> Answer:
        query = client.schema(schema).table(table).insert([dict(row) for row in rows])
        response = await query.request.send(httpx.Headers())
        return Answer(response.status_code, (), response.content)

    runtime = current()
    size = runtime.settings.batch_max_size if runtime.settings.batch_enabled else 1
    async with runtime.pool.get_connection(user_id, jwt_token) as client:
        writer = BatchWriter(insert, size, runtime.recorder.record)
        return await writer.insert(f"{schema}.{table}", records)


async def clean_cache() -> int:
    """Forget the names of expired entries; for Celery, which has no loop of its own."""
    client = _valkey(_django_config().valkey_url)
    try:
        return await SharedTier(client).clean()
    finally:
        await client.aclose()


def cache_sizes() -> CacheSizes:
    """Count the entries of the shared tier, from any thread; raises CacheUnavailable."""
    url = _django_config().valkey_url
    with redis.Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=1.0) as client:
        return sizes_blocking(client)


def _engine(shared: SharedTier, settings: OptimizationSettings, emit: Emit) -> Engine:
    memory = MemoryTier(settings.cache_max_size, settings.cache_max_bytes)
    return Engine(TieredCache(memory, shared, emit, time.time), settings, emit)


def _valkey(url: str) -> Redis:
    """Connect lazily; a server that is away is noticed in a second, not retried in a request."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=2.0,
        socket_connect_timeout=1.0,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1, (ValkeyGone,)),
        max_connections=64,
    )
    return client


def _django_config() -> Config:
    from django.conf import settings

    return Config(
        supabase_url=settings.SUPABASE_URL,
        anon_key=settings.SUPABASE_ANON_KEY,
        service_role_key=settings.SUPABASE_SERVICE_ROLE_KEY,
        jwt_secret=settings.SUPABASE_JWT_SECRET,
        jwks_url=settings.SUPABASE_JWKS_URL,
        valkey_url=settings.VALKEY_URL,
    )


async def _load_overrides(version: str) -> Overrides:
    """Read the database in a thread of its own.

    Django's one thread for synchronous code may at this moment wait for this very loop.
    """
    from optimizer import policies

    return await asyncio.to_thread(policies.load_alone, version)


def _after_fork() -> None:
    """Start empty in a child: sockets and loops belong to the parent."""
    global _recorder
    _runtimes.clear()
    _recorder = None


os.register_at_fork(after_in_child=_after_fork)
