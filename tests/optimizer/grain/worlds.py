"""Small random databases: foreign keys, triggers and policies differ from one to the next.

Each is real PostgreSQL; requests go through the stand-in's translation, and the engine's schema is
read from the stand-in's own root document, with the declarations that an owner would make.
"""

import asyncio
import json
from dataclasses import dataclass, replace

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
from optimizer.domain.grain.schema import Declared, Routine
from optimizer.domain.openapi import declared, read_document

NONE = frozenset()
OPTIONS = Options(aggregates=True)
CALLERS = {"alice": Caller("alice"), "bob": Caller("bob"), "service": Caller(service=True)}
JSON = ("content-type", "application/json; charset=utf-8")
REFUSED = json.dumps(dict.fromkeys(("code", "message", "details", "hint"))).encode()

TABLES = """
drop schema if exists w cascade;
create schema w;
create type w.mood as enum ('sad', 'ok', 'happy');
create table w.people (
  id int primary key, team int, name text, mood w.mood, ok boolean, uid uuid unique,
  owner text, score numeric default 0, code varchar(4) default 'new',
  twice int generated always as (team * 2) stored
);
create table w.members (who text, team int, primary key (who, team));
create table w.tasks (
  id int primary key, title text default 'todo', rank int,
  person_id int references w.people (id) on delete {gone} on update {moved}
);
create table w.labels (id int primary key, name text);
create table w.people_labels (
  person_id int references w.people (id) on delete cascade on update cascade,
  label_id int references w.labels (id) on delete cascade on update cascade,
  primary key (person_id, label_id)
);
create view w.busy with (security_invoker) as select id, team, name, owner from w.people where ok;
create function w.tidy() returns void language sql as $$
  delete from w.labels where id % 3 = 0; update w.labels set name = name || '!' $$;
create function w.lower() returns trigger language plpgsql as $$
  begin new.name := lower(new.name); return new; end $$;
create function w.count_tasks() returns trigger language plpgsql security definer as $$
  begin update w.people set score = score + 1 where id % 2 = 0; return null; end $$;
grant usage on schema w to authenticated, service_role;
grant all on all tables in schema w to authenticated, service_role;
"""
LOWER = (
    "create trigger a before insert or update on w.people for each row execute function w.lower();"
)
COUNT = (
    "create trigger b after insert or update or delete on w.tasks execute function w.count_tasks();"
)
ME = "current_setting('request.jwt.claims', true)::json ->> 'sub'"
OWNED = f"""
alter table w.people enable row level security;
create policy p on w.people using (owner = {ME}) with check (owner = {ME});
"""
SHARED = f"""
alter table w.people enable row level security;
create policy p on w.people using (team in (select team from w.members where who = {ME}))
with check (true);
"""


@dataclass(frozen=True)
class Choices:
    """What makes one world differ from another."""

    gone: str
    moved: str
    lowers: bool
    counts: bool
    policy: str  # "", "owner" or "members"
    keys_complete: bool
    open: bool  # nothing is declared of people

    @classmethod
    def made(cls, random):
        return cls(
            random.choice(["cascade", "set null"]),
            random.choice(["cascade", "set null"]),
            random.random() < 0.5,
            random.random() < 0.5,
            random.choice(["", "owner", "members"]),
            random.random() < 0.8,
            random.random() < 0.1,
        )

    def sql(self):
        policy = {"": "", "owner": OWNED, "members": SHARED}[self.policy]
        tables = TABLES.format(gone=self.gone, moved=self.moved)
        return tables + LOWER * self.lowers + COUNT * self.counts + policy

    def declarations(self):
        """What an owner who knows this database would declare."""
        closed = Declared(NONE, NONE, NONE, exact_text=True)
        people = replace(
            closed,
            sources=frozenset({"w.members"}) if self.policy == "members" else NONE,
            rewritten=frozenset({"twice"} | ({"name"} if self.lowers else set())),
            owner_column="owner" if self.policy == "owner" else "",
        )
        base = frozenset({"w.people"})
        found = dict.fromkeys(["w.members", "w.labels", "w.people_labels"], closed)
        found["w.tasks"] = replace(closed, targets=base if self.counts else NONE)
        found["w.busy"] = replace(closed, sources=base, targets=base, rewritten=None)
        return found if self.open else {**found, "w.people": people}


class World:
    """One database and what the engine knows of it."""

    def __init__(self, url, choices, rows):
        self.connection = psycopg.connect(url)
        self.cursor = psycopg.RawCursor(self.connection)
        for statement in (choices.sql(), *rows):
            self.connection.execute(statement.encode())
        self.connection.commit()
        self.catalog = asyncio.run(self._load(url))
        self.choices, self.schema = choices, self._known(choices)

    @staticmethod
    async def _load(url):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await load(connection, ("w",))

    def _known(self, choices):
        found = {("table", name.name) for name in self.catalog.tables}
        found |= {("function", name.name) for name in self.catalog.functions}
        document = json.loads(openapi.document(self.catalog, "w", found, "nowhere"))
        routines = {"w.tidy": Routine(writes=frozenset({"w.labels"}))}
        told = read_document(document, "w")
        return declared(told, choices.declarations(), routines, keys_complete=choices.keys_complete)

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
        place = f"0-{row[1] - 1}/*" if row[1] else "*/*"
        status = 201 if method == "POST" else 200
        return Answer(status, (JSON, ("content-range", place)), text.encode())

    def write_past(self, sql):
        """A change past the engine, as (operation, new row, old row) of each row's webhook."""
        try:
            rows = self.connection.execute(sql.encode()).fetchall()
            self.connection.commit()
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
