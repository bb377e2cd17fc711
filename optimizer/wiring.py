"""What one event loop needs to use the engine, wired together; nothing here needs Django."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from optimizer import access
from optimizer.background import Background
from optimizer.cache.follower import Follower
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.clients import Clients, OwnQuestions
from optimizer.conf import VERSION_KEY, OptimizationSettings, Overrides, optimization_settings
from optimizer.config import Config, connect
from optimizer.domain.facts import Emit, Fact
from optimizer.domain.scope import project_of
from optimizer.door import Door
from optimizer.engine import Engine
from optimizer.functions import FunctionCache
from optimizer.issuer import IssuerVerifier
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.presence import Announcer
from optimizer.metrics.recorder import Recorder, flush_now
from optimizer.rows import Rows
from optimizer.schemata import Schemata
from optimizer.upstream.handover import runner
from optimizer.upstream.pool import ConnectionPool
from optimizer.upstream.proxy import proxy_for
from optimizer.upstream.transport import make_transport

Load = Callable[[str], Awaitable[Overrides]]

FLUSH_INTERVAL = 1.0  # s; what a killed process can lose
OWED_INTERVAL = 1.0  # s between attempts to end what writes without Valkey left standing
SETTINGS_INTERVAL = 0.5  # s between looks at the settings' version stamp
_SETTINGS_WITHIN = 2.0  # s for which following waits for them at the start
SCHEMA_LOOK = 1.0  # s between looks at whether the schema is to be learnt


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
        self._announcer = Announcer(f"{recorder.process}-{id(self):x}")
        self.settings = settings
        self._load = load
        self.valkey: Redis = connect(config.valkey_url)
        self.shared = SharedTier(
            self.valkey,
            lambda: settings.cache_marker_life,
            lambda: settings.cache_compress_from,
            project_of(config.anon_key),
        )
        self.transport = make_transport(settings, proxy_for(config.supabase_url), self.emit)
        own = OwnQuestions(config, lambda: self.transport)
        self.verifier = IssuerVerifier(config.jwt_issuer, config.jwt_secret, own.keys)
        self.cache = _cache(self.shared, settings, self.emit)
        self.schemata = Schemata(
            own.root, self.emit, self.shared.history.agree, lambda: self.shared.view.epoch
        )
        schema, want = lambda: self.schemata.schema, self.schemata.want
        self.engine = Engine(self.cache, settings, self.emit, schema, want)
        self.rows = Rows(config, self.engine, self.transport, self.verifier)
        self.functions = FunctionCache(self.cache, settings, self.emit, self.engine.hits)
        clients = Clients(config, self._door, runner(asyncio.get_running_loop()))
        self.pool = ConnectionPool(clients.make, settings, self.emit)
        self.sync_pool = ConnectionPool(clients.make_sync, settings, self.emit)
        self._follower = Follower(self.shared.history, lambda: settings.cache_l1_bound, self.emit)
        self._background = Background()
        self._obeys = asyncio.Event()  # set once the run-time settings are known
        if load is None:
            self._obeys.set()

    def emit(self, fact: Fact) -> None:
        """Tell everybody who wants to know what happened."""
        self.recorder.record(fact)
        self._announcer.hear(fact)
        if self.settings.access_log:
            access.log(fact)

    def start(self) -> None:
        """Start the recurring work in this loop."""
        self._background.every("follow-up of changes", lambda: 0.0, self._follow)
        self._background.every("flush of metrics", lambda: FLUSH_INTERVAL, self.flush_metrics)
        self._background.every(
            "clean-up of idle clients",
            lambda: float(self.settings.pool_cleanup_interval),
            self.close_idle,
        )
        self._background.every("look at the schema", lambda: SCHEMA_LOOK, self.refresh_schema)
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
        await self._announcer.leave(self.valkey)
        await self.pool.close()
        await self.sync_pool.close()
        await self.transport.aclose()
        await self.valkey.aclose()

    async def close_idle(self) -> None:
        """Close what nobody has used for a while."""
        await self.pool.close_idle()
        await self.sync_pool.close_idle()
        await self.transport.close_idle()

    async def flush_metrics(self) -> None:
        """Hand this process's counts to Valkey now."""
        self.engine.hits.hand_over()
        await flush_now(self.recorder, self.valkey, self._gauges)
        await self._announcer.announce(self.valkey, self.settings.version)

    async def _follow(self) -> None:
        """Hear of changes; the first to meet a restarted Valkey must know a marker's life."""
        if not self._obeys.is_set():
            with suppress(TimeoutError):  # the database is away: the environment's value holds
                await asyncio.wait_for(self._obeys.wait(), _SETTINGS_WITHIN)
            self._obeys.set()
        await self._follower.round()

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
        self._obeys.set()

    async def refresh_schema(self) -> None:
        """Learn the project's tables, and take what was declared of them."""
        self._declare()
        settings = self.settings
        await self.schemata.refresh(settings.default_schema, settings.cache_schema_interval)

    def _declare(self) -> None:
        complete = bool(self.settings.cache_foreign_keys_complete)
        self.schemata.declare(
            self.settings.declarations(), self.settings.routines(), keys_complete=complete
        )

    async def _settings_version(self) -> str | None:
        """The stamp; "0" where none was ever set, None where Valkey is away."""
        try:
            stamp = await self.valkey.get(VERSION_KEY)
        except (OSError, RedisError):
            return None
        return stamp.decode() if isinstance(stamp, bytes) else "0"

    def _door(self, base_path: str, trusted: str | None) -> Door:
        schema = self.settings.default_schema
        return Door(self.engine, self.transport, self.verifier, base_path, trusted, schema)

    def _gauges(self) -> PoolGauges:
        held = self.pool.gauges, self.sync_pool.gauges
        total, active = sum(pool.total for pool in held), sum(pool.active for pool in held)
        return PoolGauges(total, active, total - active)


def _cache(shared: SharedTier, settings: OptimizationSettings, emit: Emit) -> TieredCache:
    memory = MemoryTier(settings.cache_max_size, settings.cache_max_bytes, settings.cache_eviction)
    return TieredCache(memory, shared, emit, time.time)
