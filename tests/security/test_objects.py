"""Other people's rows, by their ids: every object of the API, every way to name it."""

import pytest

from canvalo.crm.tables import TABLES
from canvalo.devstack import tokens

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
CHANGE = {
    "contacts": {"name": "stolen"},
    "projects": {"name": "stolen"},
    "invoices": {"number": "stolen"},
    "appointments": {"title": "stolen"},
}


@pytest.fixture
def victim(supabase_sql):
    """The id of a row of bob's that alice may not see, and how it stands."""

    def find(table):
        own = "and organisation_id is null" if table.name == "projects" else ""
        query = f"select id::text from api.{table.name} where owner_id = %s {own} limit 1"
        (key,) = supabase_sql().execute(query, [tokens.USERS["bob"]]).fetchone()
        return key

    return find


@pytest.fixture
def row(supabase_sql):
    """The row as it stands in the database."""
    return lambda table, key: (
        supabase_sql()
        .execute(f"select t::text from api.{table.name} t where id = %s", [key])
        .fetchone()
    )


@each_table
def test_another_s_row_is_not_there(web, bearer, victim, row, table):
    """Read, changed and deleted it is 404, also when its owner has it in the cache."""
    key = victim(table)
    before, path = row(table, key), f"/api/{table.name}/{key}"
    assert web.ask("GET", path, headers=bearer("bob")).status_code == 200
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        change = {"json": CHANGE[table.name]} if method in ("PATCH", "PUT") else {}
        answer = web.ask(method, path, headers=bearer("alice"), **change)
        assert answer.status_code == 404, (method, answer.text)
    assert row(table, key) == before


@each_table
def test_another_s_row_is_skipped_in_a_batch(web, bearer, victim, row, table):
    """No outcome shows it."""
    key = victim(table)
    before, path = row(table, key), f"/api/{table.name}/batch"
    changes = [{"id": key, **CHANGE[table.name]}]
    for method, body in (("PATCH", changes), ("DELETE", {"ids": [key]})):
        answer = web.ask(method, path, headers=bearer("alice"), json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["succeeded"] == 0
        assert all("row" not in outcome for outcome in answer.json()["outcomes"])
    assert row(table, key) == before


@each_table
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_list_holds_nobody_else_s_rows(web, bearer, victim, table, name):
    """Asked for in the same words, one after the other, by two people."""
    key = victim(table)
    answer = web.ask("GET", f"/api/{table.name}?limit=200", headers=bearer(name))
    assert (key in answer.text) == (name == "bob")


@pytest.mark.parametrize("table", ["projects", "invoices", "appointments"])
def test_a_filter_by_another_s_row_finds_nothing(web, bearer, supabase_sql, table):
    """The id of bob's contact opens none of what hangs on it."""
    query = (
        f"select contact_id::text from api.{table} where owner_id = %s and contact_id is not null"
    )
    found = supabase_sql().execute(query, [tokens.USERS["bob"]]).fetchone()
    key = found[0] if found else tokens.USERS["bob"]
    answer = web.ask("GET", f"/api/{table}?contact_id={key}", headers=bearer("alice"))
    assert (answer.status_code, answer.json()) == (200, [])


def test_one_who_may_do_nothing_sees_nothing(web, bearer):
    """A genuine token of no known user, of no role, of the anonymous."""
    nobody = "00000000-0000-4000-8000-00000000dead"
    for claims in ({"sub": nobody}, {"role": "anon"}, {"role": "postgres"}, {"role": "nobody"}):
        answer = web.ask("GET", "/api/contacts", headers=bearer("alice", **claims))
        assert answer.status_code in (200, 401, 403), answer.text
        assert answer.status_code != 200 or answer.json() == []


KEYS = ["1", "%2e%2e%2fprojects", "*", "eq.1", "null", "00000000000040008000000000000000", "a,b"]


@pytest.mark.parametrize("key", KEYS)
def test_what_is_no_id_names_no_row(web, bearer, key):
    """Nor does it reach Supabase as a filter."""
    assert web.ask("GET", f"/api/contacts/{key}", headers=bearer("alice")).status_code == 404
