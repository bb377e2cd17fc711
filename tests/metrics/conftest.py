"""A clock that stands still, and the ledger's clients."""

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
import redis.asyncio

from optimizer.metrics.recorder import Recorder
from tests.metrics.factories import NOON


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Noon, until the test moves it."""
    return Clock()


@pytest.fixture
def recorder(clock) -> Recorder:
    """One process's recorder."""
    return Recorder("process-1", clock)


@pytest.fixture
def valkey(fresh_valkey) -> Iterator[redis.Redis]:
    """An empty ledger."""
    with redis.Redis.from_url(fresh_valkey) as client:
        yield client


@pytest.fixture
async def async_valkey(fresh_valkey) -> AsyncIterator["redis.asyncio.Redis"]:
    """An empty ledger, for a process with an event loop."""
    client = redis.asyncio.Redis.from_url(fresh_valkey)
    yield client
    await client.aclose()
