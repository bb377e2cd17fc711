"""Reads of one relation: the rows that PostgREST answers, against SQL written by hand."""

import pytest

from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.statement import Options

from .translate_stage import stage  # noqa: F401


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ("id=eq.1", "id = 1"),
        ("id=neq.1", "id <> 1"),
        ("id=not.eq.1", "id <> 1"),
        ("id=gt.1", "id > 1"),
        ("id=gte.2&id=lt.3", "id = 2"),
        ("id=lte.2", "id <= 2"),
        ("id=in.(1,3)", "id in (1, 3)"),
        ("id=not.in.(1,3)", "id not in (1, 3)"),
        ("id=in.()", "false"),
        ('name=in.("three, \\"quoted\\"",one)', "id in (1, 3)"),
        ("name=like.t*", "name like 't%'"),
        ("name=ilike.T*", "name ilike 'T%'"),
        ("name=like(any).{o*,tw*}", "id in (1, 2)"),
        ("name=like(all).{t*,*o}", "id = 2"),
        ("id=eq(any).{1,2}", "id in (1, 2)"),
        ("id=gt(all).{1,2}", "id > 2"),
        ("name=match.^t", "name ~ '^t'"),
        ("name=imatch.^T", "name ~* '^T'"),
        ("done=is.true", "done is true"),
        ("done=is.null", "done is null"),
        ("done=is.not_null", "done is not null"),
        ("done=not.is.null", "done is not null"),
        ("done=is.unknown", "done is null"),
        ("amount=isdistinct.1.5", "amount is distinct from 1.5"),
        ("tags=cs.{b}", "tags @> '{b}'"),
        ("tags=cd.{a,b,c}", "tags <@ '{a,b,c}'"),
        ("tags=ov.{a,z}", "tags && '{a,z}'"),
        ('body=cs.{"k":"v"}', """body @> '{"k":"v"}'"""),
        ("span=sl.[5,6)", "span << '[5,6)'"),
        ("span=sr.[1,2)", "span >> '[1,2)'"),
        ("span=nxr.[1,5)", "span &< '[1,5)'"),
        ("span=nxl.[5,9)", "span &> '[5,9)'"),
        ("span=adj.[5,6)", "span -|- '[5,6)'"),
        ("words=fts.cat", "words @@ to_tsquery('cat')"),
        ("words=wfts(english).fat -rat", "words @@ websearch_to_tsquery('english', 'fat -rat')"),
        ("words=plfts.fat cat", "words @@ plainto_tsquery('fat cat')"),
        ("words=phfts.fat rat", "words @@ phraseto_tsquery('fat rat')"),
        ("name=fts(english).twos", "to_tsvector('english', name) @@ to_tsquery('english', 'twos')"),
        ("body->>k=eq.v", "body->>'k' = 'v'"),
        ("body->a->b->>0=eq.3", "body->'a'->'b'->>0 = '3'"),
        ("body->a->b->-1=eq.2", "body->'a'->'b'->-1 = '2'"),
        ("tags->>1=eq.c", "tags[2] = 'c'"),
        ("or=(id.eq.1,name.eq.two)", "id in (1, 2)"),
        ("not.and=(id.eq.1,name.eq.one)", "id <> 1"),
        ("or=(id.eq.1,not.and(id.gt.1,done.is.false))&id=lt.3", "id = 1"),
        ("and=(id.not.eq.1,or(done.is.null,done.is.false))", "id in (2, 3)"),
        ('"Un-usual name"=eq.y', "id = 2"),
        ("Un-usual name=eq.y", "id = 2"),
    ],
)
def test_filters(stage, query, sql):  # noqa: F811
    """Each operator finds what the same condition in SQL finds."""
    assert stage.get(f"/things?select=id&order=id&{query}") == stage.sql(
        f"select id from things where {sql} order by id"
    )


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ("", "select * from things order by id"),
        ("select=*", "select * from things order by id"),
        ("select=id,label:name", "select id, name as label from things order by id"),
        ("select=id::text,amount::int", "select id::text, amount::int from things order by id"),
        ("select=body->a", "select body->'a' as a from things order by id"),
        ("select=body->a->b->0", "select body->'a'->'b'->0 as b from things order by id"),
        ("select=x:body->>k", "select body->>'k' as x from things order by id"),
        ("select=body->1", "select body->1 as body from things order by id"),
        ('select="Un-usual name"', 'select "Un-usual name" from things order by id'),
        ("select=id,id", None),
    ],
)
def test_select(stage, query, sql):  # noqa: F811
    """Columns, aliases, casts and JSON paths come out under PostgREST's names."""
    found = stage.get(f"/things?order=id&{query}")
    assert found == (stage.sql(sql) if sql else [{"id": 1}, {"id": 2}, {"id": 3}])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("order=id.desc", [3, 2, 1]),
        ("order=amount", [1, 2, 3]),
        ("order=amount.desc", [3, 2, 1]),
        ("order=amount.desc.nullslast", [2, 1, 3]),
        ("order=amount.nullsfirst,id", [3, 1, 2]),
        ("order=body->a->b->0.desc.nullslast", [2, 1, 3]),
        ("order=done,id.desc", [2, 1, 3]),
        ("order=id&limit=2", [1, 2]),
        ("order=id&limit=1&offset=1", [2]),
        ("order=id&offset=2", [3]),
        ("limit=0", []),
    ],
)
def test_order_and_range(stage, query, ids):  # noqa: F811
    """Order, nulls, limit and offset."""
    assert [row["id"] for row in stage.get(f"/things?select=id&{query}")] == ids


def test_computed_column(stage):  # noqa: F811
    """A function of the row is a column that can be selected, filtered and ordered by."""
    url = "/items?select=id,doubled&doubled=gt.10&order=doubled.desc"
    assert stage.get(url) == [{"id": 3, "doubled": 22}, {"id": 2, "doubled": 14}]


def test_counts(stage):  # noqa: F811
    """The total is there only when asked for; the page counts what is in the body."""
    plain = stage.ask("GET", "/things?limit=2")
    exact = stage.ask("GET", "/things?limit=2", prefer="count=exact")
    whole = stage.ask("GET", "/things?id=gt.1", prefer="count=exact")
    assert (plain.total, plain.page) == (None, 2)
    assert (exact.total, exact.page) == (3, 2)
    assert (whole.total, whole.page) == (2, 2)


def test_planned_and_estimated(stage):  # noqa: F811
    """The planner's count is a statement of its own; an estimate counts up to max_rows."""
    planned = stage.ask("GET", "/things", prefer="count=planned")
    capped = stage.ask("GET", "/things", prefer="count=estimated", options=Options(max_rows=1))
    assert planned.total is None
    assert planned.plan.estimate.text.startswith("EXPLAIN")
    assert (capped.total, capped.page) == (2, 1)
    assert capped.plan.estimate is not None


def test_head_gathers_nothing(stage):  # noqa: F811
    """HEAD counts without building a body."""
    answer = stage.ask("HEAD", "/things", prefer="count=exact")
    assert (answer.body, answer.page, answer.total) == ("", 3, 3)
    assert "json_agg" not in answer.plan.main.text


def test_max_rows(stage):  # noqa: F811
    """The server's limit holds below the client's, for embedded rows too."""
    options = Options(max_rows=2)
    assert len(stage.get("/things?limit=9", options=options)) == 2
    assert len(stage.get("/things?limit=1", options=options)) == 1
    (one,) = stage.get("/users?select=tasks(id)&id=eq.1", options=options)
    assert len(one["tasks"]) == 2


def test_object(stage):  # noqa: F811
    """One object instead of an array; the page tells the server whether it is one."""
    media = "application/vnd.pgrst.object+json"
    answer = stage.ask("GET", "/clients?id=eq.1", media=media)
    none = stage.ask("GET", "/clients?id=eq.9", media=media)
    assert (answer.json, answer.page) == ({"id": 1, "name": "Microsoft"}, 1)
    assert (none.json, none.page) == (None, 0)


def test_nulls_stripped(stage):  # noqa: F811
    """Null members are left out of arrays and of objects."""
    query = "/projects?select=id,client_id&id=eq.5"
    array = stage.ask("GET", query, media="application/vnd.pgrst.array+json;nulls=stripped")
    one = stage.ask("GET", query, media="application/vnd.pgrst.object+json;nulls=stripped")
    assert array.json == [{"id": 5}]
    assert one.json == {"id": 5}


def test_csv(stage):  # noqa: F811
    """A header line, then the rows as PostgreSQL writes them."""
    answer = stage.ask("GET", "/things?select=id,name&order=id&id=gt.1", media="text/csv")
    assert answer.body == 'id,name\n2,two\n3,"three, ""quoted"""'


def test_handlers(stage):  # noqa: F811
    """An aggregate that returns a media type makes the body, of whole rows only."""
    answer = stage.ask("GET", "/items?order=id", media="text/tabbed")
    assert (answer.body, answer.plan.media) == ("1\ta\n2\ta\n3\tb\n", "text/tabbed")
    with pytest.raises(Refusal, match="PGRST107"):
        stage.plan("GET", "/items?select=id", media="text/tabbed")


def test_representations(stage):  # noqa: F811
    """A domain with a JSON form is shown, filtered and written in it."""
    assert stage.get("/paints?order=id") == [
        {"id": 1, "shade": "#0000ff"},
        {"id": 2, "shade": "#ff0000"},
    ]
    assert stage.get("/paints?select=shade&shade=eq.#ff0000".replace("#", "%23")) == [
        {"shade": "#ff0000"}
    ]
    assert stage.get("/paints?select=id&shade=in.(%23ff0000,%23000001)") == [{"id": 2}]
    answer = stage.ask(
        "POST", "/paints", {"id": 3, "shade": "#00ff00"}, then="select shade::int from paints"
    )
    assert answer.json[-1] == {"shade": 65280}


def test_unknown_table(stage):  # noqa: F811
    """The nearest name is the hint, none where nothing is near."""
    with pytest.raises(Refusal) as near:
        stage.plan("GET", "/project")
    with pytest.raises(Refusal) as far:
        stage.plan("GET", "/xyzzy")
    assert near.value.body() == {
        "code": "PGRST205",
        "details": None,
        "hint": "Perhaps you meant the table 'test.projects'",
        "message": "Could not find the table 'test.project' in the schema cache",
    }
    assert (far.value.status, far.value.hint) == (404, None)


def test_text_is_the_same_for_the_same_shape(stage):  # noqa: F811
    """Statements can be prepared: other values, other list lengths, the same text."""
    one = stage.plan("GET", "/things?id=in.(1,2)&name=eq.a&limit=1&order=id")
    two = stage.plan("GET", "/things?id=in.(1,2,3)&name=eq.b&limit=7&order=id")
    assert one.main.text == two.main.text
    assert one.main.values != two.main.values
