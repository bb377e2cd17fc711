"""The stand-in's application in this process, over a schema of the tests' own."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from canvalo.devstack import schema
from canvalo.devstack.postgrest import keys
from canvalo.devstack.postgrest.app import application
from canvalo.devstack.postgrest.database import Database
from canvalo.devstack.postgrest.service import Service
from canvalo.devstack.postgrest.settings import Settings
from canvalo.devstack.supabase import routes
from tests.stack import PROJECT, Stack

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def server_database(stack: Stack) -> Iterator[str]:
    """The stand-in's database with `server.sql` applied; that schema goes at the end."""
    schema.apply(stack.supabase_database, PROJECT / "supabase")
    with psycopg.connect(stack.supabase_database, autocommit=True) as connection:
        connection.execute((HERE / "server.sql").read_bytes())
        yield stack.supabase_database
        connection.execute("drop schema served, hidden cascade")


@pytest.fixture
def sql(server_database: str) -> Iterator[psycopg.Connection[Any]]:
    """The database itself: the truth behind every answer."""
    with psycopg.connect(server_database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def server_settings(stack: Stack, server_database: str) -> Settings:
    """How the servers of these tests are set."""
    return Settings(
        server_database,
        schemas=("served", "api"),
        anon_role="anon",
        jwt_secret=stack.secrets["SUPABASE_JWT_SECRET"],
        pool_size=4,
    )


Client = httpx.AsyncClient
Start = Callable[..., Any]


@pytest_asyncio.fixture
async def start(server_settings: Settings) -> AsyncIterator[Start]:
    """Starts servers: `await start(max_rows=2)` is a client of one, `start.database` its door."""
    opened: list[Database] = []

    async def make(**changes: Any) -> Client:
        settings = replace(server_settings, **changes)
        database, found = Database(settings), keys.load(settings.jwt_secret, settings.jwks_file)
        await database.open()
        opened.append(database)
        make.database = database  # type: ignore[attr-defined]
        others = routes.others(settings, database, found)
        app = application(Service(settings, database, found), others)
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://standin")

    yield make
    for database in opened:
        await database.close()


@pytest_asyncio.fixture
async def client(start: Start) -> Client:
    """A client of a server with the usual settings; it is anonymous."""
    return await start()


@pytest.fixture
def bearer(token_for: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """The header of somebody with a token: `bearer("alice")`."""

    def header(name: str = "alice", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_for(name, **claims)}"}

    return header
