"""standin: GET contacts?limit=50 through the stand-in, against the same SQL through psycopg."""

import json
from typing import Any

import httpx
import psycopg

from benchmarks.measure import NotComparable, medians
from benchmarks.report import Row
from benchmarks.stack import Stack
from canvalo.devstack.ports import LOOPBACK
from canvalo.devstack.tokens import USERS

_CLAIMS = json.dumps({"role": "authenticated", "sub": USERS["alice"]})
_WHO = (
    "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)"
)
_WHAT = """
select coalesce(json_agg(page), '[]')::text from (select contacts.* from api.contacts limit 50) page
"""


def run(quick: bool) -> list[Row]:
    """Milliseconds of one page of fifty rows under row-level security, as alice."""
    with Stack() as stack:
        url = f"http://{LOOPBACK}:{stack.standin()}/rest/v1/contacts?limit=50"
        headers = {
            "Accept-Profile": "api",
            "apikey": stack.anon_key,
            "Authorization": f"Bearer {stack.token('alice')}",
        }
        database = psycopg.connect(stack.supabase_database, autocommit=True)
        with httpx.Client(headers=headers, trust_env=False) as client, database:
            return _compare(client, url, database, 150 if quick else 1000)


def _compare(
    client: httpx.Client, url: str, database: psycopg.Connection[Any], rounds: int
) -> list[Row]:
    def standin() -> bytes:
        return client.get(url).raise_for_status().content

    def plain() -> str:
        with database.transaction():
            database.execute(_WHO, [_CLAIMS])
            found = database.execute(_WHAT).fetchone()
        return str(found[0]) if found else ""

    rows = json.loads(standin())
    if len(rows) != 50 or rows != json.loads(plain()):
        raise NotComparable("the stand-in and PostgreSQL answer differently")
    ours, theirs = medians(standin, plain, rounds)
    return [Row("GET contacts?limit=50, ms: stand-in, psycopg", ours, theirs, "<= 3")]
