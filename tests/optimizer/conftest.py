"""The engine's parts over real sockets, and a clock that a test moves."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError

from canvalo.devstack.home import Home
from canvalo.devstack.valkey import EmbeddedValkey
from optimizer import runtime
from optimizer.cache.clocks import boottime
from optimizer.cache.memory import MemoryTier
from optimizer.cache.shared import SharedTier
from optimizer.cache.tiered import TieredCache
from optimizer.conf import Overrides, optimization_settings
from optimizer.engine import Engine
from optimizer.errors import ConfigurationError
from optimizer.upstream.client import make_client
from optimizer.upstream.pool import ConnectionPool
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import Terms, make_transport
from tests.optimizer.callers import SECRET
from tests.optimizer.cutting import BreakingWay
from tests.optimizer.engines import Policies, Supabase
from tests.optimizer.lending import Limits
from tests.optimizer.signing import SECRET as JWT_SECRET
from tests.optimizer.signing import Project
from tests.optimizer.tiers import Lease, Truth
from tests.optimizer.upstream import Upstream
from tests.optimizer.wire import Wire
from tests.stack import Stack

START = 1_800_000_000.0


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Facts(list):
    """Keeps what is emitted."""

    def __call__(self, fact) -> None:
        self.append(fact)

    def of(self, kind) -> list:
        """Those of one kind."""
        return [fact for fact in self if isinstance(fact, kind)]


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def facts() -> Facts:
    """Everything that is emitted in a test."""
    return Facts()


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A server that answers as the test says."""
    server = Upstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def served() -> Iterator[Upstream]:
    """The same for tests that block: it answers in a loop and thread of its own."""
    server = Upstream()
    own = runtime.LoopThread(server.stop)
    own.run(server.start)
    yield server
    own.stop()


@pytest.fixture
def twin(configured, served) -> Iterator[None]:
    """Django names that server, and the sync twin's loop ends with the test."""
    configured.SUPABASE_URL = served.url
    yield
    runtime.own_loop.stop()


@pytest_asyncio.fixture
async def valkey(fresh_valkey: str) -> AsyncIterator[Redis]:
    """An empty Valkey."""
    client = Redis.from_url(fresh_valkey)
    yield client
    await client.aclose()


@pytest.fixture
def shared(valkey: Redis) -> SharedTier:
    """L2 over that Valkey."""
    return SharedTier(valkey)


@pytest.fixture
def own_valkey(stack: Stack) -> Iterator[EmbeddedValkey]:
    """A server of the test's own, which it may stop and start again."""
    home = Home(stack.home.path / "own")
    home.make()
    server = EmbeddedValkey(home, "own-password")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home.path)


@pytest_asyncio.fixture
async def wire(fresh_valkey: str) -> AsyncIterator[Wire]:
    """A way to the empty Valkey that the test may cut."""
    made = Wire(fresh_valkey)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def configured(settings, stack, fresh_valkey, monkeypatch):
    """Django's settings name our servers, and this process begins to count anew."""
    settings.SUPABASE_JWT_SECRET = SECRET
    monkeypatch.setattr(runtime, "_recorder", None)
    monkeypatch.setattr(runtime, "_load_overrides", _nothing)
    return settings


async def _nothing(version):
    return Overrides(version)


@pytest.fixture
def supabase_table():
    """The truth."""
    return Supabase()


@pytest.fixture
def policies():
    """Everything is cached for five minutes."""
    return Policies()


@pytest.fixture
def truth():
    """What is true."""
    return Truth()


@pytest_asyncio.fixture
async def tiers(fresh_valkey, facts, clock):
    """Makes the tiers of processes: each with an L1 and connections of its own."""
    clients = []

    def make(url=fresh_valkey, lease=boottime, life=60.0):
        clients.append(Redis.from_url(url, retry=Retry(NoBackoff(), 1, (ConnectionError,))))
        shared = SharedTier(clients[-1], lambda: life)
        return TieredCache(MemoryTier(100, 10**6), shared, facts, clock, lease)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def lease():
    """A clock of leases that a test moves."""
    return Lease()


@pytest.fixture
def both(tiers, lease, wire):
    """The tiers of two processes; the first one's way to Valkey can be cut."""
    return tiers(wire.url, lease), tiers(lease=lease)


@pytest.fixture
def process(tiers, policies, facts):
    """Makes engines, each with tiers and connections of its own."""

    def make(*args, **kwargs):
        return Engine(tiers(*args, **kwargs), policies, facts)

    return make


@pytest.fixture
def limits():
    """Two clients."""
    return Limits()


@pytest_asyncio.fixture
async def pool(upstream, limits, facts, clock):
    """A pool of genuine clients for a real server."""
    transport = make_transport(Terms())
    made = []

    def make(identity):
        if identity.bearer == "refused":
            raise ConfigurationError("no")
        made.append(identity)
        return make_client(upstream.url, "anon-key", transport, identity.bearer)

    pool = ConnectionPool(make, limits, facts, clock)
    pool.made = made
    yield pool
    await pool.close()
    await transport.aclose()


@pytest.fixture
def breaking_way(supabase, supabase_sql, fresh_valkey, token_for):
    """Runs batches over a way to the stand-in that breaks as a test says."""
    with asyncio.Runner() as runner:
        yield BreakingWay(runner, supabase, supabase_sql(), fresh_valkey, token_for("alice"))
    optimization_settings.adopt(Overrides())


@pytest.fixture
def project():
    """A project with one ES256 key."""
    return Project()


@pytest.fixture
def published(project, clock):
    """Verifies by the project's keys."""
    return TokenVerifier("", project.fetch, clock)


@pytest.fixture
def secret(clock):
    """Verifies by a shared secret."""
    return TokenVerifier(JWT_SECRET, None, clock)


@pytest.fixture
def olga(client):
    """An operator, signed in."""
    user = get_user_model().objects.create_user("olga", password="pw", is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    client.force_login(user)
    return user
