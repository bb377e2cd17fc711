"""The battery's schema, the callers, and PostgreSQL's own answers as the same callers."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions

from canvalo.devstack import tokens
from tests.stack import Supabase

HERE = Path(__file__).resolve().parent
ROLES = {"alice": "authenticated", "bob": "authenticated", "carol": "authenticated"}


class Truth:
    """What PostgreSQL itself answers, as a role and with claims of one's choice."""

    def __init__(self, database: str) -> None:
        self._connection = psycopg.connect(database)

    def rows(self, sql: str, who: str = "service_role") -> Any:
        """The rows of a query as JSON values; nothing that it does is kept."""
        whole = f"with answer as ({sql}) select coalesce(json_agg(answer), '[]')::text from answer"
        return json.loads(self.value(whole, who))

    def value(self, sql: str, who: str = "service_role") -> Any:
        """The first value of a query; nothing that it does is kept."""
        try:
            self._become(who)
            found = self._connection.execute(sql.encode()).fetchone()
            return found[0] if found else None
        finally:
            self._connection.rollback()

    def do(self, sql: str) -> None:
        """Change something as the database's owner, and keep it."""
        self._connection.execute(sql.encode())
        self._connection.commit()

    def _become(self, who: str) -> None:
        role = ROLES.get(who, who)
        claims = {"role": role, "email": f"{who}@example.com"}
        if who in tokens.USERS:
            claims["sub"] = tokens.USERS[who]
        self._connection.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            [role, json.dumps(claims)],
        )

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="session")
def battery(supabase: Supabase) -> Supabase:
    """The stand-in, once it has noticed the battery's schema by itself."""
    with psycopg.connect(supabase.database, autocommit=True) as connection:
        connection.execute((HERE / "schema.sql").read_bytes())
        connection.execute((HERE / "rows.sql").read_bytes())
    deadline = time.monotonic() + 15
    while not _knows(supabase, "things_labels"):
        assert time.monotonic() < deadline, "the stand-in never re-read its schema"
    return supabase


def _knows(supabase: Supabase, table: str) -> bool:
    url = f"{supabase.url}/rest/v1/{table}?limit=0"
    return httpx.get(url, headers={"apikey": supabase.anon_key}).status_code == 200


@pytest.fixture(scope="session")
def truth(battery: Supabase) -> Iterator[Truth]:
    """PostgreSQL's own answers."""
    opened = Truth(battery.database)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def client_of(battery: Supabase) -> Callable[[str], Client]:
    """Genuine supabase-py clients: `client_of("alice")`, `"anon"`, `"service_role"`."""
    made: dict[str, Client] = {}

    def client(who: str) -> Client:
        if who not in made:
            made[who] = _client(battery, who)
        return made[who]

    return client


def _client(battery: Supabase, who: str) -> Client:
    key = battery.service_role_key if who == "service_role" else battery.anon_key
    headers = {}
    if who in tokens.USERS:
        token = tokens.user(battery.jwt_secret, who, expires_in=7200)
        headers["Authorization"] = f"Bearer {token}"
    return create_client(battery.url, key, SyncClientOptions(headers=headers))
