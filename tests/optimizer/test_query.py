"""The canonical form: the same question is one key, different questions are different keys."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.domain.facts import Operation
from optimizer.domain.query import Change, Read, parse
from optimizer.domain.scope import from_key

ALICE = from_key("sb_alice")
PATH = "/rest/v1/contacts"


def read(query="", path=PATH, method="GET", **headers):
    """The question of a request; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(method, path, query, {"accept-profile": "api", **named})


def key(*args, **kwargs):
    """Its key for Alice."""
    return read(*args, **kwargs).key(ALICE)


names = st.sampled_from(["id", "name", "company", "owner_id", "or", "and", "created_at"])
values = st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: f"eq.{text}")
filters = st.lists(st.tuples(names, values), max_size=6)


@given(filters, st.randoms(use_true_random=False))
def test_filters_in_another_order_are_one_question(pairs, random):
    """PostgREST joins them by AND, so their order says nothing."""
    shuffled = random.sample(pairs, len(pairs))
    assert key(urlencode(pairs)) == key(urlencode(shuffled))


@given(filters, filters)
def test_different_filters_are_different_keys(one, other):
    """Equal keys mean equal filters, as often as each was given."""
    same = sorted(one) == sorted(other)
    assert (key(urlencode(one)) == key(urlencode(other))) is same


@given(values)
def test_the_way_of_percent_encoding_says_nothing(value):
    """A value written with + or %20, in full or only where it must be, is the same value."""
    full = "".join(f"%{byte:02X}" for byte in value.encode())
    assert key(f"name={quote(value)}") == key(f"name={full}") == key(urlencode({"name": value}))


def test_bytes_that_are_no_utf_8_stay_different():
    """They are not all folded into one replacement character."""
    assert key("name=eq.%FF") != key("name=eq.%FE")


def test_a_repeated_parameter_is_not_dropped():
    """Both bounds of a range count."""
    assert key("age=gt.1&age=lt.9") == key("age=lt.9&age=gt.1")
    assert key("age=gt.1&age=lt.9") != key("age=gt.1")
    assert key("age=gt.1&age=gt.1") != key("age=gt.1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select=id,name", "select=name,id"),
        ("order=name,id", "order=id,name"),
        ("order=name&order=id", "order=id&order=name"),
        ("limit=1&limit=2", "limit=2&limit=1"),
        ("limit=10", "limit=1&offset=0"),
        ("name=eq.a", "name=eq.A"),
        ("name=eq.a", "name=neq.a"),
        ("name=eq.", "name=eq"),
        ("projects.order=name&projects.order=id", "projects.order=id&projects.order=name"),
        ("projects.limit=1&projects.limit=2", "projects.limit=2&projects.limit=1"),
        ("a.id=eq.1&projects.id=eq.2", "projects.id=eq.2&a.id=eq.1"),
        ("a=eq.b%26c=eq.d", "a=eq.b&c=eq.d"),
        ("or=(a.eq.1,b.eq.2)", "and=(a.eq.1,b.eq.2)"),
    ],
)
def test_what_means_something_else_is_another_key(one, other):
    """Selected columns come back in their order; so do rows."""
    assert key(one) != key(other)


def test_a_semicolon_parts_parameters_as_an_ampersand_does():
    """PostgREST reads it so; an embedded relation behind one must not be overlooked."""
    assert read("id=eq.1;select=*,projects(*)").embeds
    assert read("name=eq.a;id=eq.1") == read("id=eq.1&name=eq.a")
    assert read("name=eq.a%3Bid=eq.1") != read("name=eq.a;id=eq.1")


def test_an_empty_value_is_a_value():
    """`name=` is not left out."""
    assert key("name=") != key("")


@pytest.mark.parametrize("query", ["select", "select&select=id", "name", "id=eq.1;limit"])
def test_a_parameter_without_a_value_is_none_that_can_be_told_apart(query):
    """PostgREST passes over it: `select` gives every column, `select=` none."""
    assert read(query) is None
    assert read("&id=eq.1&&") == read("id=eq.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept", "text/csv"),
        ("accept", "application/vnd.pgrst.object+json"),
        ("accept-encoding", "gzip"),
        ("accept-language", "de"),
        ("accept-profile", "public"),
        ("prefer", "count=exact"),
        ("range", "0-9"),
        ("range-unit", "rows"),
        ("x-tenant", "7"),
        ("cookie", "tenant=7"),
    ],
)
def test_a_header_that_can_change_the_answer_is_part_of_the_key(name, value):
    """Policies can read any header of the request, so one that is not known counts."""
    assert key(**{name: value}) != key()


@pytest.mark.parametrize(
    "name",
    [
        "user-agent",
        "x-client-info",
        "x-retry-count",
        "host",
        "connection",
        "traceparent",
        "content-type",
    ],
)
def test_a_header_that_cannot_is_not(name):
    """A new version of a client keeps the entries, and so does its second attempt."""
    assert key(**{name: "anything"}) == key()


def test_who_asks_is_in_the_scope_and_not_in_the_headers():
    """A token that was refreshed keeps its entries."""
    assert key(authorization="Bearer a", apikey="b") == key()


def test_preferences_in_another_order_are_one_question():
    """They are a set."""
    one = key(prefer="count=exact,handling=strict")
    assert one == key(prefer="handling=strict, count=exact")
    assert one != key(prefer="count=exact")


def test_of_two_preferences_with_one_name_the_first_counts():
    """So their order is part of the question."""
    exact, planned = "count=exact,count=planned", "count=planned,count=exact"
    assert key(prefer=exact) != key(prefer=planned)
    assert key(prefer=f"{exact},handling=strict") == key(prefer=f"handling=strict,{exact}")


def test_head_and_get_are_two_questions():
    """One has a body."""
    assert key(method="HEAD") != key(method="GET")


def test_schema_relation_and_caller_are_part_of_the_key():
    """The same words about another table, or from another caller, are another entry."""
    keys = {
        key(),
        key(path="/rest/v1/projects"),
        key(accept_profile="public"),
        read().key(from_key("sb_bob")),
    }
    assert len(keys) == 4


def test_a_key_shows_nothing_of_the_question():
    """It is a hash; a search for a person's name is not readable in Valkey."""
    found = key("name=eq.Lovelace")
    assert len(found) == 64
    assert "lovelace" not in found.lower()


def test_spellings_of_one_relation_are_one_relation():
    """A write under another spelling must meet the same tags."""
    assert read(path="/rest/v1/%63ontacts") == read()


def test_behind_a_slash_there_is_no_relation():
    """PostgREST answers PGRST125; whatever a gateway makes of it, a write may still be one."""
    assert read(path="/rest/v1/contacts/") is None
    change = parse("PATCH", "/rest/v1/contacts/", "", {}, "api")
    assert change == Change("api", "contacts", Operation.UPDATE)


@pytest.mark.parametrize("path", ["/rest/v1//contacts", "/rest/v1/a%2Fb", "/rest/v1/rpc/a/b"])
def test_a_write_to_what_is_no_name_may_write_anything(path):
    """A gateway may fold slashes, and a table may have one in its name."""
    change = parse("POST", path, "", {})
    assert isinstance(change, Change)
    assert change.operation is Operation.RPC


@pytest.mark.parametrize(
    "query",
    [
        "select=id,projects(name)",
        "select=*,owner:users!inner(id)",
        "select=amount.sum()",
        "projects.status=eq.active",
        "projects.order=name",
        "projects.or=(a.eq.1,b.eq.2)",
        "projects.not.or=(a.eq.1,b.eq.2)",
    ],
)
def test_what_reaches_into_another_relation_is_marked(query):
    """Its tags need the schema."""
    assert read(query).embeds


@pytest.mark.parametrize(
    "query", ["select=id,a-%3Eb", "a=in.(1,2)", "not.or=(a.eq.1,b.eq.2)", "not.and=(a.eq.1)"]
)
def test_what_stays_in_its_relation_is_not(query):
    """Negated logic has a dot in its name too."""
    assert not read(query).embeds


@pytest.mark.parametrize(
    ("method", "prefer", "operation"),
    [
        ("POST", "return=representation", Operation.INSERT),
        ("POST", "resolution=merge-duplicates", Operation.UPSERT),
        ("POST", "return=minimal,resolution=ignore-duplicates", Operation.UPSERT),
        ("PUT", "", Operation.UPSERT),
        ("PATCH", "", Operation.UPDATE),
        ("DELETE", "tx=rollback", Operation.DELETE),
    ],
)
def test_a_write_says_what_it_is(method, prefer, operation):
    """Its schema is named by another header than a read's."""
    headers = {"content-profile": "api", "accept-profile": "public", "prefer": prefer}
    change = parse(method, PATH, "id=eq.1", headers)
    assert change == Change("api", "contacts", operation)
    assert change.name == "api.contacts"


def test_a_function_called_by_post_is_a_change_and_by_get_no_question():
    """What a function reads is not known."""
    path = "/rest/v1/rpc/archive"
    called = parse("POST", path, "", {"content-profile": "api"})
    assert called == Change("api", "rpc/archive", Operation.RPC)
    assert parse("GET", path, "", {}) is None
    assert parse("HEAD", path, "", {}) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rest/v1/"),
        ("GET", "/rest/v1"),
        ("GET", "/auth/v1/user"),
        ("POST", "/storage/v1/object/a"),
        ("OPTIONS", PATH),
        ("GET", "/rest/v1/a/b"),
        ("GET", "/rest/v1/a%2Fb"),
    ],
)
def test_what_is_not_about_rows_is_no_question(method, path):
    """It goes on untouched."""
    assert parse(method, path, "", {}) is None


def test_without_a_profile_the_default_schema_holds():
    """For reads and writes alike, so that their tags meet."""
    asked = parse("GET", PATH, "", {}, "crm")
    assert isinstance(asked, Read)
    assert asked.name == parse("PATCH", PATH, "", {}, "crm").name == "crm.contacts"


def test_a_profile_that_is_named_is_another_question_than_none():
    """Only PostgREST knows which schema is its first, and so is meant where none is named."""
    named = parse("GET", PATH, "", {"accept-profile": "public"})
    unnamed = parse("GET", PATH, "", {})
    assert named.name == unnamed.name == "public.contacts"
    assert named.key(ALICE) != unnamed.key(ALICE)
