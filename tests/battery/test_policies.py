"""Row-level security decides: each verb on each seeded table, for each caller, as PostgreSQL does."""

import httpx
import psycopg
import pytest

from canvalo.devstack import tokens
from tests.battery.conftest import ROLES

TABLES = {
    "organisations": ("name", "'x'"),
    "memberships": ("role", "'member'"),
    "contacts": ("name", "'x'"),
    "projects": ("name", "'x'"),
    "invoices": ("status", "'void'"),
    "appointments": ("title", "'x'"),
}
INSERTS = {
    "organisations": {"name": "x"},
    "memberships": {"organisation_id": "{organisation}", "user_id": tokens.USERS["alice"]},
    "contacts": {"name": "x", "owner_id": tokens.USERS["alice"]},
    "projects": {"name": "x", "owner_id": tokens.USERS["alice"]},
    "invoices": {
        "number": "x-1",
        "amount": 1,
        "owner_id": tokens.USERS["alice"],
        "contact_id": "{contact}",
    },
    "appointments": {
        "title": "x",
        "owner_id": tokens.USERS["alice"],
        "starts_at": "2026-01-01T10:00:00Z",
        "ends_at": "2026-01-01T11:00:00Z",
    },
}
CALLERS = ["alice", "bob", "carol", "anon", "service_role"]


@pytest.fixture
def rest(battery):
    """Asks as a caller, and keeps nothing of what it writes."""

    def ask(who: str, method: str, path: str, body=None) -> httpx.Response:
        key = battery.service_role_key if who == "service_role" else battery.anon_key
        bearer = tokens.user(battery.jwt_secret, who) if who in ROLES else key
        headers = {
            "apikey": key,
            "Authorization": f"Bearer {bearer}",
            "Accept-Profile": "api",
            "Content-Profile": "api",
            "Prefer": "return=representation, count=exact, tx=rollback",
        }
        return httpx.request(
            method, f"{battery.url}/rest/v1/{path}", json=body, headers=headers, timeout=30
        )

    return ask


def outcome(answer: httpx.Response) -> str:
    """How many rows, or PostgreSQL's refusal."""
    if answer.status_code >= 400:
        return answer.json()["code"]
    return answer.headers["content-range"].rpartition("/")[2]


def expected(truth, who: str, sql: str) -> str:
    """The same of PostgreSQL itself."""
    try:
        return str(truth.value(f"with changed as ({sql}) select count(*) from changed", who))
    except psycopg.Error as refusal:
        return refusal.sqlstate


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("table", TABLES)
def test_select(rest, truth, who, table):
    answer = rest(who, "GET", f"{table}?select=*&limit=1")
    wanted = expected(truth, who, f"select * from api.{table}")
    assert outcome(answer) == wanted


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("table", TABLES)
def test_update(rest, truth, who, table):
    column, value = TABLES[table]
    plain = value.strip("'")
    answer = rest(who, "PATCH", f"{table}?{column}=not.is.null", {column: plain})
    sql = f"update api.{table} set {column} = {value} where {column} is not null returning *"
    assert outcome(answer) == expected(truth, who, sql)


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("table", TABLES)
def test_delete(rest, truth, who, table):
    column, _ = TABLES[table]
    answer = rest(who, "DELETE", f"{table}?{column}=not.is.null")
    sql = f"delete from api.{table} where {column} is not null returning *"
    assert outcome(answer) == expected(truth, who, sql)


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("table", TABLES)
def test_insert_of_alice_s_row(rest, truth, who, table):
    """Only Alice and the service role may make a row that is Alice's."""
    organisation = truth.value("select id::text from api.organisations where name like 'Carol%'")
    contact = truth.value(
        f"select id::text from api.contacts where owner_id = '{tokens.USERS['alice']}' limit 1"
    )
    row = {
        k: v.format(organisation=organisation, contact=contact) if isinstance(v, str) else v
        for k, v in INSERTS[table].items()
    }
    answer = rest(who, "POST", table, row)
    values = ", ".join(f"'{value}'" for value in row.values())
    sql = f"insert into api.{table} ({', '.join(row)}) values ({values}) returning *"
    wanted = expected(truth, who, sql)
    assert (answer.json()["code"] if answer.status_code >= 400 else "1") == wanted
