"""Writes through supabase-py: what comes back, and what is stored, against PostgreSQL itself."""

import json

import httpx
import pytest
from postgrest.exceptions import APIError

from tests.battery.conftest import HERE

ALL = "select * from things order by id"


@pytest.fixture
def table(client_of, truth):
    """The table of things as the service role writes it; it is as before afterwards."""
    yield client_of("service_role").table
    truth.do((HERE / "rows.sql").read_text())


@pytest.fixture
def rest(battery):
    """A plain HTTP client at the rest root, as the service role."""
    headers = {
        "apikey": battery.service_role_key,
        "Authorization": f"Bearer {battery.service_role_key}",
    }
    with httpx.Client(base_url=f"{battery.url}/rest/v1", headers=headers) as client:
        yield client


def stored(truth, where: str) -> list:
    """The rows as they are now."""
    return truth.rows(f"select * from things where {where} order by id")


def test_an_insert_returns_the_stored_row_with_its_defaults(table, truth):
    answer = table("things").insert({"id": 100, "name": "new"}).execute()
    assert answer.data == stored(truth, "id = 100")
    assert answer.data[0]["odd name"] == "odd"


def test_a_bulk_insert_returns_all_rows_in_order(table, truth):
    rows = [{"id": 100 + n, "name": f"n{n}"} for n in range(20)]
    answer = table("things").insert(rows).execute()
    assert answer.data == stored(truth, "id >= 100")


def test_every_type_is_written_as_it_is_read(table, truth):
    row = stored(truth, "id = 1")[0]
    del row["words"]
    row["id"] = 100
    written = table("things").insert(row).execute().data[0]
    del written["words"]
    assert written == row


@pytest.mark.parametrize("missing", ["default", "null"])
def test_rows_with_different_keys(table, truth, missing):
    """Columns that a row leaves out become NULL, or their default where that is asked for."""
    rows = [{"id": 100, "name": "a"}, {"id": 101, "odd name": "b"}]
    answer = table("things").insert(rows, default_to_null=missing == "null").execute()
    assert answer.data == stored(truth, "id >= 100")
    assert answer.data[0]["odd name"] == (None if missing == "null" else "odd")
    assert answer.data[1]["name"] is None


def test_one_bad_row_fails_all_of_a_bulk_insert(table, truth):
    before = truth.rows(ALL)
    with pytest.raises(APIError) as caught:
        table("things").insert([{"id": 100}, {"id": 1}]).execute()
    assert caught.value.code == "23505"
    assert truth.rows(ALL) == before


def test_minimal_returns_nothing_and_writes(table, truth):
    from postgrest.types import ReturnMethod

    answer = table("things").insert({"id": 100}, returning=ReturnMethod.minimal).execute()
    assert answer.data == []
    assert len(stored(truth, "id = 100")) == 1


def test_a_written_row_s_select_list(table):
    """supabase-py sends `select` beside a write through its parameters."""
    query = table("things").insert({"id": 100, "name": "x"})
    query.request.params = query.request.params.set("select", "id,title:name")
    assert query.execute().data == [{"id": 100, "title": "x"}]


@pytest.mark.parametrize("ignore", [False, True])
def test_an_upsert_merges_or_ignores_what_is_there(table, truth, ignore):
    rows = [{"id": 1, "name": "changed"}, {"id": 100, "name": "new"}]
    answer = table("things").upsert(rows, ignore_duplicates=ignore).execute()
    assert [row["id"] for row in answer.data] == ([100] if ignore else [1, 100])
    assert stored(truth, "id = 1")[0]["name"] == ("alpha" if ignore else "changed")
    assert stored(truth, "id = 1")[0]["mood"] == "happy"


def test_an_upsert_on_another_unique_column(table, truth):
    answer = table("labels").upsert({"id": 9, "name": "never"}, on_conflict="name").execute()
    assert answer.data == [{"id": 9, "name": "never"}]
    assert truth.rows("select id from labels where name = 'never'") == [{"id": 9}]


def test_an_update_changes_what_matches_and_returns_it(table, truth):
    answer = table("things").update({"name": "same", "ok": None}).in_("id", [2, 3]).execute()
    assert sorted(answer.data, key=lambda row: row["id"]) == stored(truth, "id in (2, 3)")
    assert {row["name"] for row in answer.data} == {"same"}


def test_an_update_that_matches_nothing_is_empty(table, truth):
    before = truth.rows(ALL)
    assert table("things").update({"name": "x"}).eq("id", 100).execute().data == []
    assert truth.rows(ALL) == before


def test_an_update_of_a_json_and_an_array_column(table, truth):
    values = {"doc": {"deep": [1, {"x": None}]}, "tags": ["a,b", 'q"q', "c"]}
    answer = table("things").update(values).eq("id", 2).execute()
    assert (answer.data[0]["doc"], answer.data[0]["tags"]) == (values["doc"], values["tags"])
    assert answer.data == stored(truth, "id = 2")


def test_a_delete_returns_what_went(table, truth):
    gone = stored(truth, "id in (6, 7)")
    answer = table("things").delete().in_("id", [6, 7]).execute()
    assert sorted(answer.data, key=lambda row: row["id"]) == gone
    assert stored(truth, "id in (6, 7)") == []


def test_a_delete_cascades_as_the_schema_says(table, truth):
    table("things").update({"parent_id": None}).eq("parent_id", 8).execute()
    table("things").delete().eq("id", 8).execute()
    assert truth.rows("select * from parts where thing_id = 8") == []


def test_a_written_row_with_something_embedded(table):
    query = table("things").update({"name": "x"}).eq("id", 1)
    query.request.params = query.request.params.set("select", "id,labels(name)")
    (row,) = query.execute().data
    assert {label["name"] for label in row["labels"]} == {"red", "green"}


@pytest.mark.parametrize(
    ("values", "code", "status"),
    [
        ({"id": "x"}, "22P02", 400),
        ({"id": 1}, "23505", 409),
        ({"id": 100, "parent_id": 999}, "23503", 409),
        ({"id": 100, "mood": "grumpy"}, "22P02", 400),
        ({"id": None}, "23502", 400),
        ({"id": 100, "nope": 1}, "PGRST204", 400),
        ({"id": 100, "words": "x"}, "428C9", 400),
        ({"id": 99999999999}, "22003", 400),
        ({"id": 100, "day": "2026-02-30"}, "22008", 400),
    ],
)
def test_what_postgresql_refuses_has_its_code_and_changes_nothing(
    table, truth, rest, values, code, status
):
    before = truth.rows(ALL)
    answer = rest.post("/things", json=values)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert truth.rows(ALL) == before


def test_put_writes_exactly_one_row(table, truth, rest):
    row = {"id": 50, "name": "put"}
    prefer = {"Prefer": "return=representation"}
    first = rest.put("/labels?id=eq.50", json=row, headers=prefer)
    second = rest.put("/labels?id=eq.50", json={**row, "name": "again"}, headers=prefer)
    assert [first.status_code, second.status_code] == [201, 200]
    assert second.json() == [{"id": 50, "name": "again"}]
    assert rest.put("/labels?id=eq.51", json=row).json()["code"] == "PGRST115"
    assert rest.put("/labels?name=eq.put", json=row).json()["code"] == "PGRST105"


def test_a_rolled_back_write_answers_and_is_not_kept(table, truth, rest):
    before = truth.rows(ALL)
    prefer = {"Prefer": "tx=rollback, return=representation"}
    answer = rest.post("/things", json={"id": 100}, headers=prefer)
    assert (answer.status_code, answer.json()[0]["id"]) == (201, 100)
    assert truth.rows(ALL) == before


def test_max_affected_protects_from_a_missing_filter(table, truth, rest):
    before = truth.rows(ALL)
    prefer = {"Prefer": "handling=strict, max-affected=2"}
    answer = rest.patch("/things?id=gt.0", json={"name": "oops"}, headers=prefer)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST124")
    assert truth.rows(ALL) == before


def test_an_unknown_preference_is_refused_when_strict(table, rest):
    answer = rest.get("/things", headers={"Prefer": "handling=strict, anything=goes"})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST122")


def test_headers_only_names_the_new_row(table, rest):
    prefer = {"Prefer": "return=headers-only"}
    answer = rest.post("/things", json={"id": 100}, headers=prefer)
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"] == "/things?id=eq.100"


@pytest.mark.parametrize("body", ["{", "[1]", '{"id": 100', "[{},1]", "nul"])
def test_a_body_that_is_no_object_is_refused(table, truth, rest, body):
    before = truth.rows(ALL)
    answer = rest.post("/things", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "details", "hint", "message"}
    assert truth.rows(ALL) == before


def test_a_csv_and_a_form_are_rows_too(table, truth, rest):
    csv = rest.post(
        "/labels",
        content='id,name\n10,ten\n11,NULL\n12,"a,b"',
        headers={"Content-Type": "text/csv"},
    )
    assert csv.status_code in (201, 400)
    form = rest.post("/labels", data={"id": "13", "name": "form"})
    assert form.status_code == 201
    assert truth.rows("select name from labels where id = 13") == [{"name": "form"}]


def test_partial_content_and_ranges(table, rest):
    counted = {"Prefer": "count=exact"}
    part = rest.get("/things?order=id&limit=3", headers=counted)
    assert (part.status_code, part.headers["content-range"]) == (206, "0-2/8")
    whole = rest.get("/things?order=id", headers=counted)
    assert (whole.status_code, whole.headers["content-range"]) == (200, "0-7/8")
    beyond = rest.get("/things?offset=100", headers=counted)
    assert (beyond.status_code, beyond.json()["code"]) == (416, "PGRST103")
    ranged = rest.get("/things?order=id&select=id", headers={"Range": "2-3"})
    assert (ranged.json(), ranged.headers["content-range"]) == ([{"id": 3}, {"id": 4}], "2-3/*")


def test_nulls_are_stripped_where_asked(table, rest):
    accept = {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}
    (row,) = rest.get("/things?id=eq.7", headers=accept).json()
    assert row == {"id": 7, "tags": [], "words": "", "odd name": "odd"}


def test_the_root_describes_keys(table, rest):
    document = rest.get("/").json()
    things = document["definitions"]["things"]["properties"]
    assert "<pk/>" in things["id"]["description"]
    parts = document["definitions"]["parts"]["properties"]
    assert "<fk table='things' column='id'/>" in parts["thing_id"]["description"]
    assert "/rpc/add" in document["paths"]


def test_cors_lets_a_browser_in(table, rest):
    origin = {"Origin": "http://example.com", "Access-Control-Request-Method": "GET"}
    answer = rest.options("/things", headers=origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", "http://example.com")
    assert json.loads(rest.get("/things?limit=0").content) == []
