"""A database of its own for the translator: asks as over HTTP, carries out, and rolls back."""

import asyncio
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from canvalo.devstack.postgrest.catalog.load import load
from canvalo.devstack.postgrest.catalog.model import Catalog
from canvalo.devstack.postgrest.raw import Raw
from canvalo.devstack.postgrest.read_request import read_action, read_request, read_target
from canvalo.devstack.postgrest.request import Request
from canvalo.devstack.postgrest.statement import Options, Plan
from canvalo.devstack.postgrest.translate import translate

SCHEMA = Path(__file__).with_suffix(".sql")
DATABASE = "translate_stage"
PLAIN = Options()


@dataclass(frozen=True)
class Answer:
    """The one row of a plan, and the plan."""

    plan: Plan
    total: int | None
    page: int
    body: Any
    headers: str | None
    status: str | None
    location: list[str] | None
    inserted: int | None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Stage:
    """Asks the translator about one real database."""

    def __init__(self, url: str, catalog: Catalog) -> None:
        self.url, self.catalog = url, catalog

    def request(self, method: str, url: str, body: Any = None, **headers: str) -> Request:
        """What the server would make of it."""
        path, _, query = url.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        media = headers.pop("media", None)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = Raw(method, path, query, tuple(named.items()), content)
        target = read_target(raw, self.catalog.schemas)
        request = read_request(raw, target, read_action(raw, target), self.catalog)
        return replace(request, media=media) if media else request

    def plan(
        self, method: str, url: str, body: Any = None, options: Options = PLAIN, **headers: str
    ) -> Plan:
        return translate(self.request(method, url, body, **headers), self.catalog, options)

    def ask(
        self,
        method: str,
        url: str,
        body: Any = None,
        options: Options = PLAIN,
        then: str | None = None,
        **headers: str,
    ) -> Answer:
        """Carry it out; with `then`, its body is what this query finds in the same transaction."""
        plan = self.plan(method, url, body, options, **headers)
        with psycopg.connect(self.url, autocommit=False) as connection:
            cursor = psycopg.RawCursor(connection)
            cursor.execute(b"set local search_path to test")
            if plan.read_only:
                cursor.execute(b"set transaction read only")
            row = cursor.execute(plan.main.text.encode(), plan.main.values).fetchone()
            answer = Answer(plan, *row)
            if plan.estimate:
                cursor.execute(plan.estimate.text.encode(), plan.estimate.values)
            if then:
                text = f"select coalesce(json_agg(answer_), '[]')::text from ({then}) answer_"
                answer = replace(answer, body=cursor.execute(text.encode()).fetchone()[0])
            connection.rollback()
        return answer

    def get(self, url: str, **more: Any) -> Any:
        """The JSON of a GET."""
        return self.ask("GET", url, **more).json

    def sql(self, query: str) -> Any:
        """The rows of a query written by hand, as JSON."""
        with psycopg.connect(self.url) as connection:
            connection.execute("set search_path to test")
            text = f"select coalesce(json_agg(answer_), '[]')::text from ({query}) answer_"
            return json.loads(connection.execute(text.encode()).fetchone()[0])


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


async def _catalog(url: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await load(connection, ("test",))


@cache
def _staged(supabase_database: str) -> Stage:
    """Made once a session, however many test modules import the fixture."""
    with psycopg.connect(supabase_database, autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    url = make_conninfo(supabase_database, dbname=DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.read_bytes())
    return Stage(url, asyncio.run(_catalog(url)))


@pytest.fixture(scope="session")
def stage(stack):
    """The translator before a database of tables made for it."""
    return _staged(stack.supabase_database)
