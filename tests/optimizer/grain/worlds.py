"""Small random databases, filled.

Each is real PostgreSQL; requests go through the stand-in's translation, and the engine's schema is
read from the stand-in's own root document, with the declarations that an owner would make.
"""

import asyncio
import json
from contextlib import suppress

import psycopg

from canvalo.devstack.postgrest import openapi, respond
from canvalo.devstack.postgrest.catalog.load import load
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.raw import Raw
from canvalo.devstack.postgrest.read_request import read_action, read_request, read_target
from canvalo.devstack.postgrest.statement import Options
from canvalo.devstack.postgrest.translate import translate
from optimizer.domain.answer import Answer
from optimizer.domain.grain.reading import Caller
from optimizer.domain.openapi import declared, read_document

OPTIONS = Options(aggregates=True)
CALLERS = {"alice": Caller("alice"), "bob": Caller("bob"), "service": Caller(service=True)}
JSON = ("content-type", "application/json; charset=utf-8")
REFUSED = json.dumps(dict.fromkeys(("code", "message", "details", "hint"))).encode()


class World:
    """One database and what the engine knows of it."""

    def __init__(self, url, spec, rows):
        self.connection = psycopg.connect(url)
        self.cursor = psycopg.RawCursor(self.connection)
        self.connection.execute(spec.sql().encode())
        self._fill(rows)
        self.catalog = asyncio.run(self._load(url))
        self.spec, self.schema = spec, self._known(spec)

    def _fill(self, rows):
        """Rows that break a rule are left out."""
        for statement in rows:
            with suppress(psycopg.Error), self.connection.transaction():
                self.connection.execute(statement.encode())
        self.connection.commit()

    @staticmethod
    async def _load(url):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await load(connection, ("w",))

    def _known(self, spec):
        found = {("table", name.name) for name in self.catalog.tables}
        found |= {("function", name.name) for name in self.catalog.functions}
        document = json.loads(openapi.document(self.catalog, "w", found, "nowhere"))
        told, said = read_document(document, "w"), spec.declarations()
        return declared(told, said, spec.routines(), keys_complete=spec.keys_complete)

    def ask(self, caller, method, url, body=b"", **headers):
        """PostgREST's answer; what a write did is kept."""
        path, _, query = url.partition("?")
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        try:
            raw = Raw(method, f"/{path}", query, named, body)
            target = read_target(raw, ("w",))
            request = read_request(raw, target, read_action(raw, target), self.catalog)
            plan = translate(request, self.catalog, OPTIONS)
            self._become(caller)
            row = self.cursor.execute(plan.main.text.encode(), plan.main.values).fetchone()
            respond.check(request, respond.Row(row[0], row[1], row[2]))
            self.connection.commit()
        except (Refusal, psycopg.Error):
            self.connection.rollback()
            return Answer(400, (JSON,), REFUSED)
        text = row[2] if isinstance(row[2], str) else (row[2] or b"").decode()
        total = "*" if row[0] is None else row[0]
        place = f"0-{row[1] - 1}/{total}" if row[1] else f"*/{total}"
        status = 201 if method == "POST" else 200
        return Answer(status, (JSON, ("content-range", place)), text.encode())

    def write_past(self, sql):
        """A change past the engine, as (operation, new row, old row) of each row's webhook.

        One that changes no row sends none; what a trigger did all the same sends its own, which
        is not played here, so it is undone.
        """
        try:
            rows = self.connection.execute(sql.encode()).fetchall()
            (self.connection.commit if rows else self.connection.rollback)()
        except psycopg.Error:
            self.connection.rollback()
            return []
        return rows

    def _become(self, caller):
        role = "service_role" if caller == "service" else "authenticated"
        claims = json.dumps({"sub": caller, "role": role})
        self.connection.execute(
            "select set_config('search_path', 'w', true), set_config('role', %s, true), "
            "set_config('request.jwt.claims', %s, true)",
            [role, claims],
        )
