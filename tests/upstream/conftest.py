"""An edge that fails, an engine before it, and PostgreSQL's own word on what was written."""

import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio

from optimizer.conf import Defaults, OptimizationSettings
from optimizer.runtime import Config, Runtime
from optimizer.upstream import client
from tests.optimizer.callers import Listening
from tests.upstream.faulty import Edge, Fault


@pytest_asyncio.fixture
async def edge(supabase) -> AsyncIterator[Edge]:
    """Before the stand-in; without a fault until a test says so."""
    made = Edge(supabase.url, lambda _: Fault.NONE)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def engine(edge, supabase, fresh_valkey, monkeypatch) -> AsyncIterator[Runtime]:
    """Caches nothing, so that every read goes out, and is impatient."""
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(0.5, connect=2.0))
    config = Config(
        edge.url,
        supabase.anon_key,
        supabase.service_role_key,
        supabase.jwt_secret,
        valkey_url=fresh_valkey,
    )
    settings = OptimizationSettings(Defaults(cache_enabled=False, request_deadline=10))
    made = Runtime(config, Listening(), settings)
    yield made
    await made.close()


@pytest.fixture
def mark(supabase_sql) -> object:
    """What the names of a test's rows begin with; they are gone afterwards."""
    name = f"fault-{uuid.uuid4()}"
    yield name
    sql = supabase_sql()
    sql.execute("delete from api.contacts where name like %s", [f"{name}%"])
    sql.commit()


@pytest.fixture
def stored(supabase_sql, mark) -> Callable[[], dict[str, list]]:
    """What PostgreSQL holds of a test's rows: name → the notes of each row of this name."""

    def look():
        found: dict[str, list] = {}
        query = "select name, notes from api.contacts where name like %s"
        for name, notes in supabase_sql().execute(query, [f"{mark}%"]):
            found.setdefault(name, []).append(notes)
        return found

    return look
