"""Every read that naive rules get wrong after every write, through the engine and the stand-in."""

import asyncio
import os
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from canvalo.devstack import tokens
from optimizer import optimization_settings, runtime, supabase_client
from optimizer.conf import Overrides, TableOverride
from optimizer.domain.grain.schema import Declared, Routine

from .asking import unordered
from .counter import READS, WRITES

HERE = Path(__file__).parent
NONE = frozenset()
TABLES = ["people", "parts", "notes", "mails", "labels", "links", "members", "owned", "shared"]
ROLES = ("service", "alice", "bob")


def of(**declared):
    """A table whose owner has declared all there is, with this beside."""
    all_of_it = {"sources": NONE, "targets": NONE, "rewritten": NONE, "exact_text": True}
    return TableOverride(ttl=600, declared=Declared(**{**all_of_it, **declared}))


PEOPLE = frozenset({"api.g_people"})
DECLARED = {
    **{f"api.g_{name}": of() for name in TABLES},
    "api.g_people": of(rewritten=frozenset({"name", "updated_at", "twice"})),
    "api.g_notes": of(targets=frozenset({"api.g_labels"})),
    "api.g_owned": of(owner_column="owner"),
    "api.g_shared": of(sources=frozenset({"api.g_members"})),
    "api.g_active": of(sources=PEOPLE, targets=PEOPLE, rewritten=None),
    "api.g_totals": of(sources=PEOPLE, targets=PEOPLE, rewritten=None),
}
ROUTINES = {
    "api.g_clear": Routine(NONE, PEOPLE),
    "api.g_size": Routine(frozenset({"api.g_notes"}), NONE),
}


@pytest.fixture(scope="module")
def tables(supabase):
    """The stand-in, once it knows the tables."""
    drop = "drop schema if exists g cascade; " + " ".join(
        f"drop {kind} if exists api.g_{name} cascade;"
        for kind, names in (("view", ["active", "totals"]), ("table", TABLES))
        for name in names
    )
    drop += "drop function if exists api.g_rewrite, api.g_count, api.g_clear cascade;"
    with psycopg.connect(supabase.database, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute((HERE / "counter.sql").read_bytes())
        _until(lambda: _status(supabase, "g_totals?limit=0") == 200)
        yield connection
        connection.execute(drop)
        _until(lambda: _status(supabase, "g_totals?limit=0") != 200)


def _status(supabase, path):
    key = supabase.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}", "accept-profile": "api"}
    return httpx.get(f"{supabase.url}/rest/v1/{path}", headers=headers).status_code


def _until(test):
    deadline = time.monotonic() + 60
    while not test():
        assert time.monotonic() < deadline, "the stand-in never re-read its schema"


@pytest.fixture
async def asks(tables, supabase, fresh_valkey, monkeypatch):
    """Everybody's requests: through the engine, and past it."""

    async def declared(version):
        engine = {"cache_foreign_keys_complete": True}
        return Overrides(version or "1", DECLARED, engine, ROUTINES)

    monkeypatch.setattr(runtime, "_load_overrides", declared)
    now = runtime.current()
    await now.refresh_settings()
    await now.refresh_schema()
    async with Asks(supabase) as both:
        yield both
    optimization_settings.adopt(Overrides())
    await runtime.close_current()


class Asks:
    """Requests of several callers."""

    def __init__(self, supabase):
        self.supabase = supabase
        keys = {who: tokens.user(supabase.jwt_secret, who, expires_in=900) for who in ROLES[1:]}
        self.keys = {"service": supabase.service_role_key, **keys}

    async def __aenter__(self):
        self.direct = httpx.AsyncClient()
        return self

    async def __aexit__(self, *_):
        await self.direct.aclose()

    def _request(self, caller, path, headers):
        apikey = self.keys["service"] if caller == "service" else self.supabase.anon_key
        dress = {
            "apikey": apikey, "authorization": f"Bearer {self.keys[caller]}",
            "accept-profile": "api", "content-profile": "api", "content-type": "application/json",
        }  # fmt: skip
        return f"{self.supabase.url}/rest/v1/{path}", {**dress, **headers}

    async def ours(self, caller, path, headers, method="GET", content=None):
        """Through the engine."""
        identity = {"user_id": "x"} if caller == "service" else {"access_token": self.keys[caller]}
        async with supabase_client(**identity) as client:
            url, dress = self._request(caller, path, headers)
            http = client.postgrest.session
            return await http.request(method, url, headers=dress, content=content)

    async def truth(self, caller, path, headers):
        """Past the engine, without a cache."""
        url, dress = self._request(caller, path, headers)
        return await self.direct.get(url, headers=dress)

    async def each(self, ask):
        """All reads, some at a time."""
        some = asyncio.Semaphore(12)

        async def one(read):
            async with some:
                return await ask(*read)

        return await asyncio.gather(*map(one, READS))

    async def judge(self):
        """The reads that are not answered as they should be, and how many were kept."""
        ours, truth = await self.each(self.ours), await self.each(self.truth)
        wrong = [
            (read, one.content, other.content)
            for read, one, other in zip(READS, ours, truth, strict=True)
            if seen(read, one) != seen(read, other)
        ]
        return wrong, sum(one.headers.get("x-cache") == "hit" for one in ours)


def seen(read, answer):
    """What a caller relies on; the order only where it was asked for."""
    ordered = "order=" in read[1] and "(" not in read[1]
    body = answer.content if ordered else unordered(answer.json())
    return answer.status_code, answer.headers.get("content-range"), body


async def reset(tables, asks):
    """The rows as at first, and every read answered and kept."""
    tables.execute((HERE / "counter_rows.sql").read_bytes())
    await runtime.current().engine.touch(["*"])
    await asks.each(asks.ours)


async def after(write, tables, asks):
    """What is wrong after a write, and how many reads it left alone."""
    caller, method, path, content, headers = write
    await reset(tables, asks)
    await asks.ours(caller, path, headers, method, content)
    wrong, kept = await asks.judge()
    return [(write, *one) for one in wrong], kept


@pytest.mark.slow
async def test_no_write_leaves_a_read_as_it_was(tables, asks):
    """By the same requests past the engine; GRAIN_PAIRS=100000 takes all writes."""
    chosen = WRITES if int(os.environ.get("GRAIN_PAIRS", "0")) >= 100_000 else WRITES[::8]
    await reset(tables, asks)
    assert await asks.judge() == ([], len(READS)), "all of them are kept"
    found = [await after(write, tables, asks) for write in chosen]
    assert [one for wrong, _ in found for one in wrong] == []
    assert sum(kept for _, kept in found) > 0.4 * len(chosen) * len(READS)
