"""Writes: what changes in the table, what comes back, and what is refused."""

import psycopg
import pytest

from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.statement import Options

from .translate_stage import stage  # noqa: F401

ROWS = "return=representation"
NEW = "select * from clients where id > 2 order by id"


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        ("/clients", {"id": 3, "name": "x"}, [{"id": 3, "name": "x"}]),
        (
            "/clients",
            [{"id": 3, "name": "x"}, {"id": 4, "name": "y"}],
            [{"id": 3, "name": "x"}, {"id": 4, "name": "y"}],
        ),
        ("/clients?columns=id,name", {"id": 3, "name": "x", "other": 1}, [{"id": 3, "name": "x"}]),
        ("/clients", [], []),
        ("/clients?select=no_such", {"id": 3, "name": "x"}, [{"id": 3, "name": "x"}]),
    ],
)
def test_insert(stage, url, body, expected):  # noqa: F811
    """One row, many rows, chosen columns, none; without rows wanted `select` means nothing."""
    answer = stage.ask("POST", url, body, then=NEW)
    assert answer.json == expected
    assert answer.page == len(expected)
    assert answer.plan.read_only is False
    assert answer.location is None


def test_insert_missing_columns(stage):  # noqa: F811
    """A column that a row does not mention is null, or its default where that is preferred."""
    rows = [{"name": "a"}, {"amount": 5}]
    sql = "select name, amount from things where id > 3 order by id"
    nulls = stage.ask("POST", "/things?columns=name,amount", rows, then=sql)
    filled = stage.ask(
        "POST", "/things?columns=name,amount", rows, then=sql, prefer="missing=default"
    )
    one = stage.ask(
        "POST", "/things?columns=name,amount", {"name": "b"}, then=sql, prefer="missing=default"
    )
    assert nulls.json == [{"name": "a", "amount": None}, {"name": None, "amount": 5}]
    assert filled.json == [{"name": "a", "amount": 10}, {"name": "unnamed", "amount": 5}]
    assert one.json == [{"name": "b", "amount": 10}]


@pytest.mark.parametrize("body", [{}, [{}]])
def test_insert_of_nothing_but_defaults(stage, body):  # noqa: F811
    """An object without keys is a row of defaults."""
    answer = stage.ask("POST", "/things", body, prefer=ROWS)
    assert [row["name"] for row in answer.json] == ["unnamed"]


def test_insert_typed(stage):  # noqa: F811
    """JSON is read into the columns' types."""
    body = {"tags": ["p", "q"], "body": {"z": [1]}, "span": "[1,3)", "at": "2020-01-01T00:00:00Z"}
    (row,) = stage.ask("POST", "/things?select=tags,body,span,at", body, prefer=ROWS).json
    assert row["tags"] == ["p", "q"]
    assert row["body"] == {"z": [1]}
    assert row["span"] == "[1,3)"
    assert row["at"].startswith("2020-01-01")


def test_representation(stage):  # noqa: F811
    """`select` shapes what comes back: aliases, JSON paths, embedded and computed columns."""
    project = {"id": 6, "name": "new", "client_id": 2}
    url = "/projects?select=title:name,clients(name),tasks(id)"
    assert stage.ask("POST", url, project, prefer=ROWS).json == [
        {"title": "new", "clients": {"name": "Apple"}, "tasks": []}
    ]
    item = stage.ask("PATCH", "/items?id=eq.1&select=*,doubled", {"price": 9}, prefer=ROWS)
    assert item.json == [{"id": 1, "kind": "a", "price": 9, "doubled": 18}]
    game = stage.ask(
        "PATCH", "/games?id=eq.3&select=computed_designer(name)", {"name": "F"}, prefer=ROWS
    )
    assert game.json == [{"computed_designer": {"name": "Hironobu"}}]
    user = stage.ask(
        "PATCH", "/users?id=eq.2&select=name,tasks(id)&tasks.id=eq.7", {"name": "M"}, prefer=ROWS
    )
    assert user.json == [{"name": "M", "tasks": [{"id": 7}]}]


def test_representation_in_order(stage):  # noqa: F811
    """`order` sorts what comes back, `limit` means nothing to a write."""
    url = "/items?id=gt.0&order=price.desc&select=id&limit=1"
    answer = stage.ask("PATCH", url, {"kind": "z"}, prefer=ROWS)
    assert answer.json == [{"id": 3}, {"id": 2}, {"id": 1}]


def test_object_and_csv_of_a_write(stage):  # noqa: F811
    """The media type shapes the rows that come back."""
    media = "application/vnd.pgrst.object+json"
    one = stage.ask("POST", "/clients", {"id": 3, "name": "x"}, prefer=ROWS, media=media)
    text = stage.ask("DELETE", "/items?id=eq.1", prefer=ROWS, media="text/csv")
    assert one.json == {"id": 3, "name": "x"}
    assert text.body == "id,kind,price\n1,a,5"


def test_location(stage):  # noqa: F811
    """One new row has a location: its key as filters."""
    headers = {"prefer": "return=headers-only"}
    one = stage.ask("POST", "/users_tasks", {"user_id": 2, "task_id": 8}, **headers)
    two = stage.ask("POST", "/clients", [{"id": 3, "name": "x"}, {"id": 4, "name": "y"}], **headers)
    none = stage.ask("POST", "/nopk", {"a": 1}, **headers)
    assert one.location == ["user_id=eq.2", "task_id=eq.8"]
    assert two.location is None
    assert none.location is None
    assert one.body == ""


def test_upsert_merges(stage):  # noqa: F811
    """Rows that are there are overwritten; `inserted` counts those that were not."""
    rows = [{"id": 2, "name": "changed"}, {"id": 3, "name": "new"}]
    prefer = {"prefer": "resolution=merge-duplicates"}
    answer = stage.ask("POST", "/clients", rows, then="select name from clients", **prefer)
    old = stage.ask("POST", "/clients", rows[0], **prefer)
    assert [row["name"] for row in answer.json] == ["Microsoft", "changed", "new"]
    assert (answer.inserted, answer.page) == (1, 2)
    assert (old.inserted, old.page) == (0, 1)
    assert stage.ask("POST", "/clients", [], **prefer).inserted == 0


def test_upsert_ignores(stage):  # noqa: F811
    """Rows that are there stay as they are, and do not come back."""
    rows = [{"id": 2, "name": "changed"}, {"id": 3, "name": "new"}]
    prefer = {"prefer": f"resolution=ignore-duplicates,{ROWS}"}
    answer = stage.ask("POST", "/clients", rows, **prefer)
    assert answer.json == [{"id": 3, "name": "new"}]
    assert answer.inserted is None


def test_upsert_on_other_columns(stage):  # noqa: F811
    """`on_conflict` names another unique key than the primary one."""
    answer = stage.ask(
        "POST",
        "/capital?on_conflict=country_id",
        {"id": 1, "name": "K", "country_id": 1},
        then="select * from capital where country_id = 1",
        prefer="resolution=merge-duplicates",
    )
    assert answer.json == [{"id": 1, "name": "K", "country_id": 1}]


def test_upsert_without_a_key(stage):  # noqa: F811
    """Without a key there is nothing to conflict with: a plain insert."""
    answer = stage.ask("POST", "/nopk", {"a": 1}, prefer="resolution=merge-duplicates")
    assert (answer.page, answer.inserted) == (1, 1)


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("/items?id=eq.1", [1]),
        ("/items?kind=eq.a", [1, 2]),
        ("/items?or=(id.eq.1,price.eq.11)", [1, 3]),
        ("/items?id=eq.9", []),
        ("/items", [1, 2, 3]),
    ],
)
def test_update(stage, url, ids):  # noqa: F811
    """Exactly the rows that the filters find are changed, and counted."""
    sql = "select id from items where price = 99 order by id"
    answer = stage.ask("PATCH", url, {"price": 99}, then=sql)
    assert [row["id"] for row in answer.json] == ids
    assert answer.page == len(ids)


def test_update_with_nothing(stage):  # noqa: F811
    """An empty object changes no row and answers none."""
    answer = stage.ask("PATCH", "/items?id=eq.1&select=id", {}, prefer=ROWS)
    assert (answer.json, answer.page) == ([], 0)


def test_update_with_defaults(stage):  # noqa: F811
    """`missing=default` resets the columns that the body does not mention."""
    answer = stage.ask(
        "PATCH",
        "/things?id=eq.1&columns=name,amount&select=name,amount",
        {"amount": 1},
        prefer=f"missing=default,{ROWS}",
    )
    assert answer.json == [{"name": "unnamed", "amount": 1}]


def test_delete(stage):  # noqa: F811
    """The rows that the filters find are gone, and come back if wanted."""
    left = stage.ask("DELETE", "/items?kind=eq.a", then="select id from items")
    back = stage.ask("DELETE", "/items?kind=eq.a&select=id&order=id", prefer=ROWS)
    assert left.json == [{"id": 3}]
    assert left.page == 2
    assert back.json == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_unknown_column(stage, method):  # noqa: F811
    """PGRST204 names the column and the relation."""
    with pytest.raises(Refusal) as caught:
        stage.plan(method, "/clients", {"nam": "x"})
    assert caught.value.status == 400
    assert caught.value.body() == {
        "code": "PGRST204",
        "details": None,
        "hint": None,
        "message": "Could not find the 'nam' column of 'clients' in the schema cache",
    }


def test_writes_are_not_cut_off(stage):  # noqa: F811
    """max_rows limits reads alone."""
    answer = stage.ask("DELETE", "/users_tasks", prefer=ROWS, options=Options(max_rows=2))
    assert len(answer.json) == 9


def test_values_cannot_become_sql(stage):  # noqa: F811
    """Quotes, comments and semicolons in names and values stay names and values."""
    text = "x'; drop table clients; --\\"
    answer = stage.ask("POST", "/clients", {"id": 3, "name": text}, prefer=ROWS)
    assert answer.json == [{"id": 3, "name": text}]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        stage.get('/clients?select="id\\" from clients --"')
