"""All four tables answer alike: list, get, create, change, delete; cached, fresh after a write."""

import json

import pytest

from tests.crm.factories import (
    AppointmentFactory,
    ContactFactory,
    InvoiceFactory,
    ProjectFactory,
)

FACTORIES = {
    "contacts": ContactFactory,
    "projects": ProjectFactory,
    "invoices": InvoiceFactory,
    "appointments": AppointmentFactory,
}
CHANGES = {
    "contacts": {"company": "Analytical Engines"},
    "projects": {"status": "done", "ends_on": "2026-04-01"},
    "invoices": {"status": "paid", "paid_at": "2026-05-01T10:00:00+00:00"},
    "appointments": {"location": "London"},
}
tables = pytest.mark.parametrize("table", FACTORIES)


async def new_row(alice, table: str, **more):
    """Values that can be sent; an invoice is for a contact that exists."""
    if table == "invoices" and "contact_id" not in more:
        contact = (await alice.ask("get", "/api/contacts?limit=1")).json()[0]
        more["contact_id"] = contact["id"]
    return FACTORIES[table](**more)


@tables
async def test_a_list_is_a_miss_then_a_hit(person, table):
    alice = person("alice")
    first, second = [await alice.ask("get", f"/api/{table}?limit=3") for _ in range(2)]
    assert [first.status_code, first["X-Cache"], second["X-Cache"]] == [200, "miss", "hit"]
    assert first.content == second.content
    assert len(json.loads(first.content)) == 3


@tables
async def test_a_row_lives_from_create_to_delete(person, table):
    alice = person("alice")
    sent = await new_row(alice, table)
    made = await alice.ask("post", f"/api/{table}", sent)
    assert made.status_code == 201, made.content
    path = f"/api/{table}/{made.json()['id']}"
    assert (await alice.ask("get", path)).json() == made.json()
    changed = await alice.ask("patch", path, CHANGES[table])
    assert changed.status_code == 200, changed.content
    assert CHANGES[table].items() <= changed.json().items()
    assert (await alice.ask("get", path)).json() == changed.json()
    assert (await alice.ask("delete", path)).status_code == 200
    assert (await alice.ask("get", path)).status_code == 404


@tables
async def test_others_neither_see_nor_change_it(person, table):
    alice, carol = person("alice"), person("carol")
    made = (await alice.ask("post", f"/api/{table}", await new_row(alice, table))).json()
    path = f"/api/{table}/{made['id']}"
    assert (await carol.ask("get", path)).status_code == 404
    assert (await carol.ask("patch", path, CHANGES[table])).status_code == 404
    assert (await carol.ask("delete", path)).status_code == 404
    assert (await alice.ask("delete", path)).json()["id"] == made["id"]


async def test_a_project_of_an_organisation_is_seen_by_its_members(person, supabase_sql):
    """Bob is in Alice's organisation, Carol is not."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    query = "select id from api.organisations where name = 'Northwind Studio'"
    organisation = str(supabase_sql().execute(query).fetchone()[0])
    sent = ProjectFactory(organisation_id=organisation)
    made = (await alice.ask("post", "/api/projects", sent)).json()
    path = f"/api/projects/{made['id']}"
    assert (await bob.ask("get", path)).json() == made
    assert (await carol.ask("get", path)).status_code == 404
    assert (await bob.ask("patch", path, {"name": "mine"})).status_code == 404
    await alice.ask("delete", path)


async def test_deleting_a_contact_is_seen_in_its_invoices(person):
    """The schema deletes them with it, and no cached list may show them any longer."""
    alice = person("alice")
    contact = (await alice.ask("post", "/api/contacts", ContactFactory())).json()
    sent = InvoiceFactory(contact_id=contact["id"])
    await alice.ask("post", "/api/invoices", sent)
    path = f"/api/invoices?contact_id={contact['id']}"
    assert len((await alice.ask("get", path)).json()) == 1
    await alice.ask("delete", f"/api/contacts/{contact['id']}")
    assert (await alice.ask("get", path)).json() == []


@pytest.mark.parametrize(
    ("path", "column", "value"),
    [
        ("projects?status=done", "status", "done"),
        ("invoices?status=paid", "status", "paid"),
        ("contacts?contact_type=vendor", "contact_type", "vendor"),
    ],
)
async def test_lists_are_filtered(person, path, column, value):
    rows = (await person("alice").ask("get", f"/api/{path}&limit=200")).json()
    assert rows
    assert {row[column] for row in rows} == {value}


@pytest.mark.parametrize(
    ("table", "change", "status"),
    [
        ("projects", {"ends_on": "2020-01-01", "starts_on": "2021-01-01"}, 400),
        ("projects", {"budget": "-1"}, 422),
        ("projects", {"status": "late"}, 422),
        ("projects", {"name": None}, 422),
        ("invoices", {"amount": "1.234"}, 422),
        ("invoices", {"currency": "euro"}, 422),
        ("invoices", {"contact_id": "00000000-0000-4000-8000-000000000000"}, 409),
        ("appointments", {"ends_at": "2000-01-01T00:00:00Z"}, 400),
        ("appointments", {"starts_at": "2026-01-01T00:00:00"}, 422),
        ("appointments", {"colour": "red"}, 422),
    ],
)
async def test_a_bad_change_is_refused_and_changes_nothing(person, table, change, status):
    alice = person("alice")
    row = (await alice.ask("get", f"/api/{table}?limit=1")).json()[0]
    path = f"/api/{table}/{row['id']}"
    answer = await alice.ask("patch", path, change)
    assert answer.status_code == status, answer.content
    assert set(answer.json()) >= {"detail", "code"}
    assert (await alice.ask("get", path)).json() == row


async def test_an_invoice_number_is_used_once(person):
    alice = person("alice")
    row = (await alice.ask("get", "/api/invoices?limit=1")).json()[0]
    sent = InvoiceFactory(number=row["number"], contact_id=row["contact_id"])
    answer = await alice.ask("post", "/api/invoices", sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "23505")


async def test_the_overview_is_put_together_once_and_then_a_hit(person):
    alice = person("alice")
    first, second = [await alice.ask("get", "/api/overview") for _ in range(2)]
    assert [first["X-Cache"], second["X-Cache"]] == ["miss", "hit"]
    assert first.content == second.content
    found = first.json()
    assert list(found) == ["contacts", "projects", "open_invoices", "appointments"]
    assert all(len(rows) == 5 for rows in found.values() if rows)
    assert {row["status"] for row in found["projects"]} == {"active"}


async def test_the_overview_shows_a_write_at_once(person):
    alice = person("alice")
    await alice.ask("get", "/api/overview")
    made = (await alice.ask("post", "/api/contacts", ContactFactory())).json()
    after = await alice.ask("get", "/api/overview")
    assert after["X-Cache"] == "miss"
    assert after.json()["contacts"][0] == made
    await alice.ask("delete", f"/api/contacts/{made['id']}")


async def test_the_overview_needs_a_token(person):
    assert (await person(None).ask("get", "/api/overview")).status_code == 401


async def test_a_misspelt_filter_is_refused(person):
    """It would otherwise answer with everything."""
    answer = await person("alice").ask("get", "/api/contacts?contact_typ=lead")
    assert (answer.status_code, answer.json()["code"]) == (422, "http")
    assert "contact_typ" in answer.json()["detail"]
