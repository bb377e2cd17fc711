"""The composition root: one runtime for each process and event loop, opened at first use.

Nothing is opened at import. A fork starts empty. A loop that has ended takes its runtime with it.
A Django project's settings say where everything is; other programs open the engine themselves.
"""

import asyncio
import atexit
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from optimizer.cache.shared import CacheSizes, SharedTier, sizes_blocking
from optimizer.conf import Overrides
from optimizer.config import Config, connect, connect_blocking
from optimizer.errors import CacheUnavailable, ConfigurationError
from optimizer.loopthread import LoopThread
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.wiring import Load, Runtime

__all__ = [
    "Config",
    "Runtime",
    "cache_sizes",
    "clean_cache",
    "close_current",
    "current",
    "hand_over",
    "hand_over_ended",
    "is_open",
    "open_engine",
    "own_loop",
    "recorder",
]

logger = logging.getLogger(__name__)

_runtimes: dict[asyncio.AbstractEventLoop, Runtime] = {}
_recorder: Recorder | None = None
_valkey_url = ""  # of the runtime that was opened last


def current() -> Runtime:
    """Return the running loop's runtime, opening it at first use; call it from a coroutine.

    Raises ConfigurationError where there is neither an open engine nor a Django project.
    """
    loop = asyncio.get_running_loop()
    found = _runtimes.get(loop)
    if found is None:
        _open(loop, _django_config(), _load_overrides)
        found = _runtimes[loop]
    return found


def is_open() -> bool:
    """Whether the running loop has a runtime."""
    return asyncio.get_running_loop() in _runtimes


@asynccontextmanager
async def open_engine(config: Config) -> AsyncIterator[Runtime]:
    """Open the engine for the running loop, and close it at the end: for programs without Django.

    Switches and TTLs come from `OPTIMIZATION_…` variables alone. Raises ConfigurationError where
    an address is missing, or the engine is open in this loop already.
    """
    loop = asyncio.get_running_loop()
    if loop in _runtimes:
        raise ConfigurationError("the engine is open in this event loop already")
    _open(loop, config, None)
    try:
        yield _runtimes[loop]
    finally:
        await close_current()


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


async def clean_cache() -> int:
    """Forget the names of expired entries, and end what dead writers left behind; for Celery,
    which has no loop of its own.
    """
    client = connect(_django_config().valkey_url)
    try:
        shared = SharedTier(client)
        await shared.history.sweep()
        return await shared.clean()
    finally:
        await client.aclose()


def cache_sizes() -> CacheSizes:
    """Count the entries of the shared tier, from any thread; raises CacheUnavailable."""
    with connect_blocking(_django_config().valkey_url) as client:
        return sizes_blocking(client)


own_loop = LoopThread(close_current)  # for threads without a loop; started at its first use


def hand_over() -> None:
    """Deliver what this process still holds of its counts, and say goodbye; from any thread.

    For the end of a process that runs no exit handlers, as Celery's do, and for loops that ended
    without `close_current`. It raises nothing, and does nothing where nothing is left.
    """
    own_loop.stop()
    silent = _forget_ended()  # they said no goodbye
    if silent or (_recorder is not None and _recorder.holds):
        _deliver()


def hand_over_ended() -> None:
    """The same for loops that ended without `close_current`, at once; else nothing is done.

    Their process goes on, and would be taken for one that vanished.
    """
    if _forget_ended():
        _deliver()


def _deliver() -> None:
    if _recorder is None or not _valkey_url:
        return
    try:
        with connect_blocking(_valkey_url) as client:
            flush_blocking(_recorder, client, leaving=True)
    except CacheUnavailable as error:
        logger.warning("counts of this process could not be handed over: %s", error)


atexit.register(hand_over)


def _open(loop: asyncio.AbstractEventLoop, config: Config, load: Load | None) -> None:
    global _valkey_url
    _forget_ended()
    _valkey_url = config.valkey_url
    _runtimes[loop] = runtime = Runtime(config, recorder(), load=load)
    runtime.start()


def _forget_ended() -> bool:
    """Let go of the runtimes whose loops are closed, not of their counts; were there any?"""
    ended = [loop for loop in list(_runtimes) if loop.is_closed()]
    for runtime in [_runtimes.pop(loop, None) for loop in ended]:  # other threads do so too
        if runtime is not None:
            runtime.engine.hits.hand_over()
    return bool(ended)


def _django_config() -> Config:
    """A project that lacks a setting learns its name when that is needed, and from the checks."""
    from django.conf import settings

    if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
        raise ConfigurationError("no engine is open here: use `async with open_engine(Config(…))`")
    return Config(
        supabase_url=getattr(settings, "SUPABASE_URL", ""),
        anon_key=getattr(settings, "SUPABASE_ANON_KEY", ""),
        service_role_key=getattr(settings, "SUPABASE_SERVICE_ROLE_KEY", ""),
        jwt_secret=getattr(settings, "SUPABASE_JWT_SECRET", ""),
        jwks_url=getattr(settings, "SUPABASE_JWKS_URL", ""),
        valkey_url=getattr(settings, "VALKEY_URL", ""),
        jwt_issuer=getattr(settings, "SUPABASE_JWT_ISSUER", ""),
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
