"""Calls of functions: overloads, arguments, results, and PostgREST's refusals."""

import pytest

from canvalo.devstack.postgrest.errors import Refusal
from canvalo.devstack.postgrest.statement import Options

from .translate_stage import stage  # noqa: F401

TEXT, BYTES = "text/plain", "application/octet-stream"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/rpc/add_them?a=1&b=2", 3),
        ("/rpc/say", "hello"),
        ("/rpc/say?what=hi there", "hi there"),
        ("/rpc/over?a=1", "one"),
        ("/rpc/over?a=1&b=2", "two"),
        ("/rpc/summed?v=1&v=2&v=3", 6),
        ("/rpc/numbers?top=3", [1, 2, 3]),
        ("/rpc/numbers?top=0", []),
        ("/rpc/with_defaults?a=1&c=9", 129),
        ("/rpc/found?min=4&select=id&order=id", [{"id": 4}, {"id": 5}]),
        ("/rpc/found?min=1&id=eq.5&select=name", [{"name": "Orphan"}]),
        (
            "/rpc/found?min=1&order=id.desc&limit=2&select=name",
            [{"name": "Orphan"}, {"name": "OSX"}],
        ),
        (
            "/rpc/found?min=4&select=id,clients(name),tasks(id)&tasks.order=id&order=id",
            [
                {"id": 4, "clients": {"name": "Apple"}, "tasks": [{"id": 7}, {"id": 8}]},
                {"id": 5, "clients": None, "tasks": []},
            ],
        ),
        ("/rpc/one_project?which=1&select=name", {"name": "Windows 7"}),
        ("/rpc/pairs?order=x.desc", [{"x": 2, "y": "b"}, {"x": 1, "y": "a"}]),
        ("/rpc/pairs?select=y&x=eq.1", [{"y": "a"}]),
        ('/rpc/typed?c=abc&n=1.239&j={"a":1}&ts={p,q}', 'abc|1.239|{"a": 1}|{p,q}'),
    ],
)
def test_get(stage, url, expected):  # noqa: F811
    """Arguments of the URL, and what may be done with the rows."""
    answer = stage.ask("GET", url)
    assert answer.json == expected
    assert answer.plan.read_only is True


@pytest.mark.parametrize(
    ("url", "body", "content_type", "expected"),
    [
        ("/rpc/add_them", {"a": 1, "b": 2}, None, 3),
        ("/rpc/add_them?columns=a,b", {"a": 1, "b": 2, "c": 3}, None, 3),
        ("/rpc/say", None, None, "hello"),
        ("/rpc/summed", {"v": [1, 2, 3]}, None, 6),
        ("/rpc/summed", b"v=1&v=2", FORM, 3),
        ("/rpc/say", b"what=hi+there", FORM, "hi there"),
        ("/rpc/whole_json", {"x": [1]}, None, {"x": [1]}),
        ("/rpc/whole_text", b"plain 'text'", TEXT, "plain 'text'"),
        ("/rpc/whole_bytes", b"\x00\xff\x10", BYTES, 3),
        ("/rpc/found?select=id&id=eq.5", {"min": 4}, None, [{"id": 5}]),
        (
            "/rpc/typed",
            {"c": "abc", "n": 1.5, "j": {"a": 1}, "ts": ["p"]},
            None,
            'abc|1.5|{"a": 1}|{p}',
        ),
    ],
)
def test_post(stage, url, body, content_type, expected):  # noqa: F811
    """Arguments of a JSON body, of a form, or the whole body as the one argument."""
    headers = {"content_type": content_type} if content_type else {}
    assert stage.ask("POST", url, body, **headers).json == expected


def test_volatility_decides_for_post_alone(stage):  # noqa: F811
    """GET only reads, whatever the function says; POST may write unless it says it does not."""
    assert stage.plan("GET", "/rpc/say").read_only is True
    assert stage.plan("POST", "/rpc/say").read_only is False
    assert stage.plan("POST", "/rpc/add_them", {"a": 1, "b": 2}).read_only is True


def test_void(stage):  # noqa: F811
    """The server is told that there is nothing to answer."""
    answer = stage.ask("POST", "/rpc/nothing")
    assert answer.plan.function.is_void
    assert answer.page == 1


def test_settings(stage):  # noqa: F811
    """Of a function's own settings, those that must hold before the call are told."""
    assert stage.plan("GET", "/rpc/careful").settings == (("statement_timeout", "7s"),)


def test_counts_and_limits(stage):  # noqa: F811
    """Rows of functions are counted, cut off and paged like those of relations."""
    answer = stage.ask("GET", "/rpc/found?min=1&limit=2", prefer="count=exact")
    capped = stage.ask("GET", "/rpc/numbers?top=9", options=Options(max_rows=4))
    assert (answer.total, answer.page) == (5, 2)
    assert capped.json == [1, 2, 3, 4]


def test_head(stage):  # noqa: F811
    """HEAD calls the function and gathers nothing."""
    answer = stage.ask("HEAD", "/rpc/numbers?top=3")
    assert (answer.body, answer.page) == ("", 3)


@pytest.mark.parametrize(
    ("url", "media", "body"),
    [
        ("/rpc/numbers?top=2", "text/csv", "pgrst_scalar\n1\n2"),
        ("/rpc/pairs", "text/csv", "x,y\n1,a\n2,b"),
        ("/rpc/plainly", "text/plain", "plain"),
        ("/rpc/plainly", "application/json", '"plain"'),
        ("/rpc/one_project?which=1&select=id", "application/vnd.pgrst.object+json", '{"id":1}'),
    ],
)
def test_media(stage, url, media, body):  # noqa: F811
    """A function's rows, and a value that already is of the wanted type."""
    assert stage.ask("GET", url, media=media).body == body


def test_aggregates(stage):  # noqa: F811
    """Rows of functions can be aggregated too."""
    options = Options(aggregates=True)
    found = stage.get(
        "/rpc/found?min=1&select=client_id,id.count()&client_id=eq.1", options=options
    )
    assert found == [{"client_id": 1, "count": 2}]


def refused(stage, method, url, body=None, **headers):  # noqa: F811
    with pytest.raises(Refusal) as caught:
        stage.plan(method, url, body, **headers)
    return caught.value.status, caught.value.body()


def test_unknown_function(stage):  # noqa: F811
    """PGRST202: the nearest name where there is no such function."""
    assert refused(stage, "GET", "/rpc/add_the?a=1") == (
        404,
        {
            "code": "PGRST202",
            "details": "Searched for the function test.add_the with parameter a, but no matches "
            "were found in the schema cache.",
            "hint": "Perhaps you meant to call the function test.add_them",
            "message": "Could not find the function test.add_the(a) in the schema cache",
        },
    )


def test_other_parameters(stage):  # noqa: F811
    """PGRST202: the nearest parameters where there is such a function; JSON could be one value."""
    assert refused(stage, "POST", "/rpc/add_them", {"a": 1, "smthelse": "x"})[1] == {
        "code": "PGRST202",
        "details": "Searched for the function test.add_them with parameters a, smthelse or with a "
        "single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
        "hint": "Perhaps you meant to call the function test.add_them(a, b)",
        "message": "Could not find the function test.add_them(a, smthelse) in the schema cache",
    }
    assert refused(stage, "GET", "/rpc/add_them")[1]["details"] == (
        "Searched for the function test.add_them without parameters, but no matches were found "
        "in the schema cache."
    )


@pytest.mark.parametrize(
    ("content_type", "type_name"),
    [(TEXT, "text"), ("text/xml", "xml"), (BYTES, "bytea")],
)
def test_raw_bodies_need_one_unnamed_parameter(stage, content_type, type_name):  # noqa: F811
    """PGRST202 for a body that no parameter takes, without a hint."""
    _, body = refused(stage, "POST", "/rpc/add_them", b"a", content_type=content_type)
    assert body == {
        "code": "PGRST202",
        "details": f"Searched for the function test.add_them with a single unnamed {type_name} "
        "parameter, but no matches were found in the schema cache.",
        "hint": None,
        "message": "Could not find the function test.add_them in the schema cache",
    }


def test_ambiguous_function(stage):  # noqa: F811
    """PGRST203 lists the candidates."""
    assert refused(stage, "GET", "/rpc/same?arg=1") == (
        300,
        {
            "code": "PGRST203",
            "details": None,
            "hint": "Try renaming the parameters or the function itself in the database so "
            "function overloading can be resolved",
            "message": "Could not choose the best candidate function between: "
            "test.same(arg => integer), test.same(arg => text)",
        },
    )


def test_max_affected_needs_a_set(stage):  # noqa: F811
    """PGRST128: one value has no rows to count."""
    prefer = "handling=strict,max-affected=1"
    _, body = refused(stage, "POST", "/rpc/say", prefer=prefer)
    assert body["code"] == "PGRST128"
    assert stage.plan("POST", "/rpc/numbers", {"top": 1}, prefer=prefer)


def test_a_text_body_must_be_text(stage):  # noqa: F811
    """Bytes that are no UTF-8 are refused in PostgreSQL's words; as bytea they are welcome."""
    with pytest.raises(Refusal) as caught:
        stage.plan("POST", "/rpc/whole_text", b"a\xff", content_type=TEXT)
    assert caught.value.code == "22021"
    assert caught.value.message == 'invalid byte sequence for encoding "UTF8": 0xff'
