"""supabase-py as it comes, against PostgreSQL's own answers."""

import pytest
from postgrest.exceptions import APIError
from postgrest.types import CountMethod

from tests.battery import cases_embed, cases_read
from tests.battery.cases_read import Case

CASES = [*cases_read.all_cases(), *cases_embed.all_cases()]


def test_the_battery_is_large_and_no_request_is_in_it_twice():
    """Names are distinct, so the cases are: a name says what is asked."""
    assert len({case.name for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rows_are_postgresql_s(case: Case, client_of, truth):
    """The same rows, in the same order, with the same values."""
    assert case.ask(client_of(case.who)).execute().data == truth.rows(case.sql, case.who)


@pytest.mark.parametrize("method", ["exact", "planned", "estimated"])
def test_a_count_comes_beside_the_rows(client_of, truth, method):
    """All three ways of counting; a small table's estimate is its exact count."""
    answer = (
        client_of("service_role")
        .table("things")
        .select("id", count=CountMethod(method))
        .order("id")
        .limit(3)
        .execute()
    )
    assert [row["id"] for row in answer.data] == [1, 2, 3]
    if method != "planned":
        assert answer.count == 8
    else:
        assert answer.count >= 1


def test_head_counts_without_rows(client_of):
    """No body, and the count."""
    query = (
        client_of("service_role").table("things").select("*", count=CountMethod.exact, head=True)
    )
    assert query.execute().count == 8


def test_a_count_obeys_policies(client_of, truth):
    """Alice counts her own."""
    query = client_of("alice").schema("api").table("contacts").select("id", count=CountMethod.exact)
    expected = truth.value("select count(*) from api.contacts", "alice")
    assert query.limit(1).execute().count == expected == 1200


def test_single_is_an_object(client_of, truth):
    """One row, without a list around it."""
    answer = client_of("service_role").table("things").select("*").eq("id", 1).single().execute()
    assert answer.data == truth.rows("select * from things where id = 1")[0]


@pytest.mark.parametrize("where", ["id.gt.1", "id.gt.100"])
def test_single_over_none_or_many_is_refused(client_of, where):
    """PGRST116, with how many there were."""
    with pytest.raises(APIError) as caught:
        client_of("service_role").table("things").select("*").or_(where).single().execute()
    rows = {"id.gt.1": 7, "id.gt.100": 0}[where]
    assert (caught.value.code, caught.value.details) == (
        "PGRST116",
        f"The result contains {rows} rows",
    )


def test_maybe_single_over_none_is_nothing(client_of):
    """supabase-py turns the refusal into no answer."""
    query = client_of("service_role").table("things").select("*").eq("id", 100).maybe_single()
    assert query.execute() is None


def test_csv(client_of, truth):
    """Comma separated with a header, as PostgreSQL quotes it."""
    text = (
        client_of("service_role")
        .table("things")
        .select("id,name")
        .lt("id", 7)
        .order("id")
        .csv()
        .execute()
    )
    lines = text.data.split("\n")
    assert lines[0] == "id,name"
    assert lines[1] == "1,alpha"
    assert lines[6] == '6,"Zeta ""Q"" (x,y)"'


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("add", {"a": 1}, 11),
        ("add", {"a": 1, "b": 2}, 3),
        ("hello", {}, "hello"),
        ("numbers", {"n": 3}, [1, 2, 3]),
        ("joined", {"words": ["a", "b"]}, "a-b"),
        ("echo_json", {"doc": {"x": [1, None]}}, {"x": [1, None]}),
        ("nothing", {}, None),
    ],
)
def test_calls_of_functions_that_return_values(client_of, function, arguments, expected):
    """Scalars, sets of scalars, JSON, nothing."""
    answer = client_of("service_role").rpc(function, arguments).execute().data
    assert (answer or None if expected is None else answer) == expected


def test_one_row_is_an_object(client_of, truth):
    """A function that returns a row, not a set."""
    answer = client_of("service_role").rpc("one_thing", {"thing": 2}).execute()
    assert answer.data == truth.rows("select * from things where id = 2")[0]


@pytest.mark.parametrize("who", ["alice", "anon", "service_role"])
def test_a_function_runs_as_its_caller(client_of, truth, who):
    """Role and claims are the caller's."""
    answer = client_of(who).rpc("who_am_i", {}).execute().data
    assert answer == truth.value("select public.who_am_i()", who)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda c: c.table("thinks").select("*"), "PGRST205"),
        (lambda c: c.table("things").select("nope"), "42703"),
        (lambda c: c.table("things").select("*").eq("nope", 1), "42703"),
        (lambda c: c.table("things").select("*").eq("id", "x"), "22P02"),
        (lambda c: c.table("things").select("id,parts(id)"), "PGRST201"),
        (lambda c: c.table("things").select("id,mood_rings(id)"), "PGRST200"),
        (lambda c: c.table("things").select("id").filter("id", "equals", 1), "PGRST100"),
        (lambda c: c.table("things").select("id,,name"), "PGRST100"),
        (lambda c: c.table("things").select("sum:id.sum()"), "PGRST123"),
        (lambda c: c.rpc("no_such", {"a": 1}), "PGRST202"),
        (lambda c: c.rpc("add", {"c": 1}), "PGRST202"),
        (lambda c: c.schema("secret").table("things").select("*"), "PGRST106"),
        (lambda c: c.table("things").select("id").or_("id.eq.1,"), "PGRST100"),
        (lambda c: c.table("things").select("id").eq("parts.id", 1), "PGRST108"),
        (lambda c: c.table("things").select("id").filter("body", "fts(klingon)", "x"), "42704"),
        (lambda c: c.table("things").select("id").filter("name", "match", "("), "2201B"),
    ],
)
def test_what_cannot_be_answered_has_postgrest_s_code(client_of, ask, code):
    """Never a wrong answer."""
    with pytest.raises(APIError) as caught:
        ask(client_of("service_role")).execute()
    assert caught.value.code == code
