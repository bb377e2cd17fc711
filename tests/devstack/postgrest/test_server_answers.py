"""Answers over HTTP: statuses, headers, and what the database may add to them."""

import json

import pytest

ROWS = {"Prefer": "return=representation"}


async def test_a_page_and_its_headers(client):
    answer = await client.get(
        "/items?select=id&limit=2&offset=3", headers={"Prefer": "count=exact"}
    )
    assert (answer.status_code, answer.json()) == (206, [{"id": 4}, {"id": 5}])
    assert answer.headers["Content-Range"] == "3-4/15"
    assert answer.headers["Content-Location"] == "/items?limit=2&offset=3&select=id"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Profile"] == "served"
    assert answer.headers["Preference-Applied"] == "count=exact"


async def test_head_has_the_headers_alone(client):
    answer = await client.head("/items?limit=2", headers={"Prefer": "count=exact"})
    assert (answer.status_code, answer.content) == (206, b"")
    assert answer.headers["Content-Range"] == "0-1/15"
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("kind", ["planned", "estimated"])
async def test_a_count_may_be_the_planners(client, sql, kind):
    sql.execute("analyze served.items")
    answer = await client.get("/items?limit=1", headers={"Prefer": f"count={kind}"})
    assert answer.headers["Content-Range"] == "0-0/15"


async def test_a_small_estimate_is_exact_and_a_large_one_the_planners(start, sql):
    sql.execute("analyze served.items")
    client = await start(max_rows=10)
    estimated = {"Prefer": "count=estimated"}
    few = await client.get("/items?id=lt.4", headers=estimated)
    many = await client.get("/items", headers=estimated)
    assert few.headers["Content-Range"] == "0-2/3"
    assert many.headers["Content-Range"] == "0-9/15"


async def test_behind_the_end_there_is_nothing(client):
    answer = await client.get("/items?offset=100", headers={"Prefer": "count=exact"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "*/15")
    assert answer.json() == {
        "code": "PGRST103",
        "message": "Requested range not satisfiable",
        "details": "An offset of 100 was requested, but there are only 15 rows.",
        "hint": None,
    }


async def test_an_insert_says_where_its_row_is(client, sql):
    prefer = {"Prefer": "return=headers-only"}
    answer = await client.post("/items", json={"id": 200, "name": "x"}, headers=prefer)
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["Location"] == "/items?id=eq.200"
    assert answer.headers["Content-Range"] == "*/*"
    assert "Content-Type" not in answer.headers
    changed = await client.patch("/items?id=eq.200", json={"name": "y"}, headers=ROWS)
    assert (changed.status_code, changed.json()[0]["name"]) == (200, "y")
    assert changed.headers["Content-Range"] == "0-0/*"
    quiet = await client.patch("/items?id=eq.200", json={"name": "z"})
    assert (quiet.status_code, quiet.headers["Content-Range"]) == (204, "0-0/*")
    gone = await client.delete("/items?id=eq.200", headers={"Prefer": "count=exact"})
    assert (gone.status_code, gone.headers["Content-Range"]) == (204, "*/1")


async def test_put_makes_and_then_replaces(client, sql):
    one = {"id": 300, "name": "one"}
    made = await client.put("/items?id=eq.300", json=one, headers=ROWS)
    again = await client.put("/items?id=eq.300", json=one, headers=ROWS)
    assert (made.status_code, again.status_code) == (201, 200)
    other = await client.put("/items?id=eq.301", json=one)
    assert (other.status_code, other.json()["code"]) == (400, "PGRST115")
    sql.execute("delete from served.items where id >= 300")


async def test_an_upsert_that_only_changes_is_no_creation(client, sql):
    prefer = {"Prefer": "resolution=merge-duplicates, return=minimal"}
    old = await client.post("/items", json=[{"id": 1, "name": "item 1"}], headers=prefer)
    new = await client.post("/items", json=[{"id": 400, "name": "new"}], headers=prefer)
    assert (old.status_code, new.status_code) == (200, 201)
    assert old.headers["Preference-Applied"] == "resolution=merge-duplicates, return=minimal"
    sql.execute("delete from served.items where id >= 400")


async def test_csv_goes_in_and_comes_out(client, sql):
    kind = {"Content-Type": "text/csv", "Accept": "text/csv", **ROWS}
    body = b'id,name\n500,NULL\n501,"a, b"\n'
    refused = await client.post("/items", content=body, headers=kind)
    assert (refused.status_code, refused.json()["code"]) == (400, "23502")
    made = await client.post(
        "/items?select=id,name", content=body.replace(b"NULL", b"x"), headers=kind
    )
    assert (made.status_code, made.text) == (201, 'id,name\n500,x\n501,"a, b"')
    assert made.headers["Content-Type"] == "text/csv; charset=utf-8"
    sql.execute("delete from served.items where id >= 500")


async def test_the_columns_parameter_counts_for_json_alone(client, sql):
    kind = {"Content-Type": "text/csv", **ROWS}
    body = b"id,name\n550,named\n"
    csv = await client.post("/items?columns=id", content=body, headers=kind)
    json = {"id": 551, "name": "named"}
    one = await client.post("/items?columns=id", json=json, headers=ROWS)
    put = await client.put("/items?id=eq.552&columns=id", json={**json, "id": 552}, headers=ROWS)
    assert [a.json()[0]["name"] for a in (csv, one, put)] == ["named", "none", "named"]
    sql.execute("delete from served.items where id >= 550")


async def test_forms_are_rows_and_arguments(client, sql):
    made = await client.post("/items", data={"id": "600", "size": "2.5"}, headers=ROWS)
    assert (made.status_code, made.json()[0]["size"]) == (201, 2.5)
    sql.execute("delete from served.items where id >= 600")
    said = await client.post("/rpc/repeat_words", data={"words": ["one", "two"]})
    assert said.json() == "one two"


async def test_bytes_go_to_a_function_as_they_are(client):
    kind = {"Content-Type": "application/octet-stream"}
    answer = await client.post("/rpc/measure", content=b"\x00\xff\x00", headers=kind)
    assert answer.json() == 3


async def test_a_function_that_returns_nothing_has_no_content(client):
    answer = await client.post("/rpc/nothing")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers


async def test_a_function_may_make_a_media_type(client):
    answer = await client.get("/rpc/page", headers={"Accept": "text/html"})
    assert (answer.text, answer.headers["Content-Type"]) == ("<p>hello</p>", "text/html")


async def test_an_aggregate_may_make_one_of_whole_rows(client):
    plain = {"Accept": "text/plain"}
    answer = await client.get("/items?id=lt.3&order=id", headers=plain)
    assert (answer.text, answer.headers["Content-Type"]) == (
        "item 1;item 2;",
        "text/plain; charset=utf-8",
    )
    called = await client.get("/rpc/item_range?low=0&high=1", headers=plain)
    assert called.text == "item 1;"
    assert (await client.get("/items?select=name", headers=plain)).status_code == 406


@pytest.mark.parametrize("accept", ["*/*", "application/json", "any/thing"])
async def test_an_aggregate_for_everything_makes_bytes_of_any_type(client, accept):
    answer = await client.get("/numbers", headers={"Accept": accept})
    assert (answer.content, answer.headers["Content-Type"]) == (b"12", "magic/number")


async def test_the_database_may_set_status_and_headers(client):
    headers = json.dumps([{"X-One": "1"}, {"Set-Cookie": "a=1"}, {"Set-Cookie": "b=2"}])
    answer = await client.post("/rpc/answer", json={"status": "418", "headers": headers})
    assert (answer.status_code, answer.headers["X-One"]) == (418, "1")
    assert answer.headers.get_list("Set-Cookie") == ["a=1", "b=2"]


async def test_the_databases_headers_go_before_ours(client):
    headers = json.dumps([{"content-range": "mine"}])
    answer = await client.post("/rpc/answer", json={"status": "200", "headers": headers})
    assert answer.headers.get_list("Content-Range") == ["mine"]


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        ("200", "no json", "PGRST111"),
        ("200", '{"a": "b"}', "PGRST111"),
        ("200", '[{"a": "b", "c": "d"}]', "PGRST111"),
        ("200", '[{"a": 1}]', "PGRST111"),
        ("teapot", "", "PGRST112"),
    ],
)
async def test_what_the_database_sets_wrongly_is_said(client, status, headers, code):
    answer = await client.post("/rpc/answer", json={"status": status, "headers": headers})
    assert (answer.status_code, answer.json()["code"]) == (500, code)


async def test_the_database_may_raise_a_whole_answer(client):
    body = {
        "message": json.dumps({"code": "123", "message": "ABC"}),
        "detail": json.dumps({"status": 332, "headers": {"X-Header": "str"}}),
    }
    answer = await client.post("/rpc/raise_pgrst", json=body)
    assert (answer.status_code, answer.headers["X-Header"]) == (332, "str")
    assert answer.json() == {"code": "123", "message": "ABC", "details": None, "hint": None}
    assert answer.headers["Proxy-Status"] == "PostgREST; error=123"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/a/b", {}, 404, "PGRST125"),
        ("GET", "/items/", {}, 404, "PGRST125"),
        ("GET", "/unknown", {}, 404, "PGRST205"),
        ("GET", "/unknown", {"Accept": "un/known"}, 404, "PGRST205"),
        ("GET", "/items", {"Accept": "un/known"}, 406, "PGRST107"),
        ("GET", "/items", {"Accept-Profile": "hidden"}, 406, "PGRST106"),
        ("POST", "/items", {"Content-Profile": "hidden"}, 406, "PGRST106"),
        ("GET", "/items", {"Prefer": "handling=strict, nonsense"}, 400, "PGRST122"),
        ("TRACE", "/items", {}, 405, "PGRST117"),
        ("POST", "/", {}, 405, "PGRST117"),
        ("DELETE", "/rpc/hello", {}, 405, "PGRST101"),
        ("POST", "/items", {"Content-Type": "text/plain"}, 400, "PGRST102"),
        ("GET", "/items", {"Range": "5-2"}, 416, "PGRST103"),
        ("OPTIONS", "/unknown", {}, 404, "PGRST125"),
        ("OPTIONS", "/rpc/unknown", {}, 404, "PGRST202"),
        ("GET", "/", {"Accept": "text/csv"}, 406, "PGRST107"),
    ],
)
async def test_what_is_refused(client, method, path, headers, status, code):
    answer = await client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Proxy-Status"] == f"PostgREST; error={code}"
    assert answer.headers["Content-Length"] == str(len(answer.content))


async def test_a_lenient_unknown_preference_is_passed_over(client):
    answer = await client.get("/items", headers={"Prefer": "handling=lenient, nonsense"})
    assert answer.headers["Preference-Applied"] == "handling=lenient"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "OPTIONS,GET,HEAD"),
        ("/items", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("/rpc/hello", "OPTIONS,GET,HEAD,POST"),
        ("/rpc/take_id", "OPTIONS,POST"),
    ],
)
async def test_options_says_what_is_allowed(client, path, methods):
    answer = await client.options(path)
    assert (answer.status_code, answer.headers["Allow"]) == (200, methods)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_browsers_of_any_origin_are_let_in(client):
    asking = {
        "Origin": "http://example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Foo,Bar",
    }
    before = await client.options("/items", headers=asking)
    assert before.headers["Access-Control-Allow-Origin"] == "*"
    allowed = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
    assert before.headers["Access-Control-Allow-Methods"] == allowed
    names = "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language"
    assert before.headers["Access-Control-Allow-Headers"] == names
    assert before.headers["Access-Control-Max-Age"] == "86400"
    then = await client.get("/items?limit=1", headers={"Origin": "http://example.com"})
    assert then.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Range" in then.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in (await client.get("/items?limit=1")).headers


async def test_a_body_of_unreasonable_size_is_refused(client):
    async def body():
        for _ in range(65):
            yield b" " * 2**20

    answer = await client.post("/items", content=body())
    assert (answer.status_code, answer.json()["code"]) == (413, "PGRST102")


async def test_the_same_question_in_other_words_is_another_answer(client):
    """Plans are kept: none may be taken for a question that differs in what shapes it."""
    first = await client.get("/items?limit=1")
    assert (await client.get("/items?limit=1")).content == first.content
    csv = await client.get("/items?limit=1", headers={"Accept": "text/csv"})
    counted = await client.get("/items?limit=1", headers={"Prefer": "count=exact"})
    ranged = await client.get("/items?limit=1", headers={"Range": "3-3"})
    profiled = await client.get("/contacts?limit=1", headers={"Accept-Profile": "api"})
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert counted.headers["Content-Range"] == "0-0/15"
    assert (ranged.status_code, ranged.json()["code"]) == (416, "PGRST103")
    assert profiled.headers["Content-Profile"] == "api"
