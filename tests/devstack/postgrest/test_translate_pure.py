"""The translator as a pure function: any request is a plan or a refusal, and values stay values."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvalo.devstack.postgrest.catalog.model import (
    MANY_TO_ONE,
    ONE_TO_MANY,
    Catalog,
    Column,
    Function,
    Name,
    Parameter,
    Relationship,
    Table,
)
from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.plan.similar import closest
from canvalo.devstack.postgrest.raw import Raw
from canvalo.devstack.postgrest.read_request import read_action, read_request, read_target
from canvalo.devstack.postgrest.sql.fragments import array_literal, identifier, literal
from canvalo.devstack.postgrest.statement import Options, Plan
from canvalo.devstack.postgrest.translate import translate

BOOKS, AUTHORS = Name("s", "books"), Name("s", "authors")


def _column(name: str, type_name: str = "text") -> Column:
    return Column(name, type_name, type_name, True)


CATALOG = Catalog(
    schemas=("s",),
    server_version=180000,
    tables={
        BOOKS: Table(
            BOOKS,
            {
                "id": _column("id", "integer"),
                "title": _column("title"),
                "author_id": _column("author_id", "integer"),
                "data": _column("data", "jsonb"),
            },
            ("id",),
        ),
        AUTHORS: Table(AUTHORS, {"id": _column("id", "integer"), "name": _column("name")}, ("id",)),
    },
    relationships={
        BOOKS: (Relationship(BOOKS, AUTHORS, MANY_TO_ONE, "wrote", (("author_id", "id"),)),),
        AUTHORS: (Relationship(AUTHORS, BOOKS, ONE_TO_MANY, "wrote", (("id", "author_id"),)),),
    },
    functions={
        Name("s", "f"): (
            Function(
                Name("s", "f"),
                (Parameter("id", "integer", "pg_catalog.int4"),),
                BOOKS,
                returns_set=True,
                returns_composite=True,
            ),
        )
    },
)


def plan(method: str, url: str, body: bytes = b"", *, prefer: str = "") -> Plan:
    path, _, query = url.partition("?")
    raw = Raw(method, path, query, (("prefer", prefer),), body)
    target = read_target(raw, CATALOG.schemas)
    request = read_request(raw, target, read_action(raw, target), CATALOG)
    return translate(request, CATALOG, Options(max_rows=100, aggregates=True))


def plan_or_refusal(method: str, url: str, body: bytes, prefer: str) -> Plan | Refusal:
    try:
        return plan(method, url, body, prefer=prefer)
    except Refusal as refusal:
        return refusal


names = st.sampled_from(["id", "title", "author_id", "data", "*", "name", "a b", '"q.x"', "nö"])
relations = st.sampled_from(["authors", "books", "x:authors", "authors!wrote", "books!inner", "no"])
arrows = st.sampled_from(["", "->a", "->>0", "::text", ".count()", ".sum()::int", ":x"])
values = st.one_of(st.sampled_from(["1", "null", "(1,2)", "{a,b}", "true"]), st.text(max_size=5))
operators = st.sampled_from(
    ["eq", "not.eq", "in", "is", "not.is", "like", "eq(any)", "fts(english)", "cs", "isdistinct"]
)
fields = st.builds("{}{}".format, names, arrows)
selects = st.recursive(
    fields,
    lambda inner: st.builds(
        lambda spread, rel, items: f"{spread}{rel}({','.join(items)})",
        st.sampled_from(["", "..."]),
        relations,
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)
prefixes = st.sampled_from(["", "", "authors.", "x.", "books.", "authors.books."])
parameters = st.one_of(
    st.builds("select={}".format, st.lists(selects, max_size=4).map(",".join)),
    st.builds("{}{}={}.{}".format, prefixes, names, operators, values),
    st.builds("{}order={}.desc".format, prefixes, names),
    st.builds("{}order=authors({})".format, prefixes, names),
    st.builds("{}limit={}".format, prefixes, st.integers(-1, 9)),
    st.builds("{}or=({}.eq.{},authors.is.null)".format, prefixes, names, values),
    st.builds("columns={}".format, names),
    st.builds("on_conflict={}".format, names),
    st.text(max_size=12),
)
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=8),
    st.dictionaries(st.sampled_from(["id", "title", "zz"]), st.integers(), max_size=2).map(
        lambda row: json.dumps(row).encode()
    ),
)


@pytest.mark.thorough
@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]),
    st.sampled_from(["/books", "/authors", "/rpc/f", "/bookz"]),
    st.lists(parameters, max_size=5),
    bodies,
    st.sampled_from(["", "count=exact", "return=representation,missing=default"]),
)
def test_every_request_is_planned_or_refused(method, path, query, body, prefer):
    """Nothing that a client sends raises anything but a refusal."""
    made = plan_or_refusal(method, f"{path}?{'&'.join(query)}", body, prefer)
    if isinstance(made, Refusal):
        assert made.code.startswith("PGRST") or made.code == "22021"
        assert 300 <= made.status < 500
    else:
        placeholders = {int(n) for n in re.findall(r"\$(\d+)", made.main.text)}
        assert placeholders == set(range(1, len(made.main.values) + 1))


@settings(max_examples=100, deadline=None)
@given(st.text("abcxyzäß'\"\\%; ", min_size=1, max_size=12).map(lambda text: f"Zq{text}qZ"))
def test_text_holds_no_value(value):
    """Values of filters, lists, JSON paths and bodies are parameters, never part of the SQL."""
    quoted = json.dumps(value, ensure_ascii=False)
    escaped = "".join(f"%{byte:02x}" for byte in value.encode())
    listed = "".join(f"%{byte:02x}" for byte in quoted.encode())
    made = plan("GET", f"/books?title=eq.{escaped}&id=in.({listed})&data->>{listed}=neq.1")
    written = plan("POST", "/books", json.dumps({"title": value}).encode())
    called = plan("GET", f"/rpc/f?id={escaped}")
    for one in (made, written, called):
        assert "Zq" not in one.main.text
        assert any("Zq" in str(held) for held in one.main.values)


def test_the_text_does_not_depend_on_the_values():
    """Requests of one shape share one prepared statement."""
    one = plan("GET", "/books?id=in.(1)&data->>a=eq.1&limit=1&select=id,authors(name)")
    two = plan("GET", "/books?id=in.(2,3)&data->>b=eq.x&limit=9&select=id,authors(name)")
    assert one.main.text == two.main.text
    assert plan("POST", "/books", b'{"id": 1}').main.text == (
        plan("POST", "/books", b'{"id": 2}').main.text
    )


def test_names_are_quoted():
    """Identifiers, literals and array elements keep their meaning."""
    assert identifier('a"b') == '"a""b"'
    assert identifier("a\0b") == '"a"'
    assert literal("it's") == "'it''s'"
    assert literal("a\\b") == "E'a\\\\b'"
    assert array_literal(['a"b', "c\\d", "", "e,f"]) == '{"a\\"b","c\\\\d","","e,f"}'


def test_closest_name():
    """Typing errors are recognised, other words are not."""
    known = ["films", "actors", "film_roles"]
    assert closest("film", known) == "films"
    assert closest("actor", known) == "actors"
    assert closest("FILMS", known) == "films"
    assert closest("zzz", known) is None
    assert closest("other", ["test", "another"]) == "another"
    assert closest("noclosealternative", ["test", "another"]) is None
    parameters = ["(name, param, val)", "(attr, id)"]
    assert closest("(nam, pqaram, vall)", parameters) == "(name, param, val)"
    assert closest("(param, val)", parameters) == "(name, param, val)"
    assert closest("(id)", parameters) == "(attr, id)"
    assert closest("(noclosealternative)", parameters) is None
