"""What the API refuses: 4xx with a clear body, nothing changed, nothing cached."""

import json
import uuid

import jwt
import pytest
import redis

from canvalo.devstack import tokens

LIST = "/api/contacts"
NEW = {"name": "Ada Lovelace"}
MEGABYTE = 1_000_000


@pytest.fixture
def contents(supabase_sql):
    """Reads everything that a refused request might have changed."""

    def read():
        query = "select coalesce(md5(string_agg(c::text, ',' order by id)), '') from api.contacts c"
        return supabase_sql().execute(query).fetchone()[0]

    return read


@pytest.fixture
def refused(contents, fresh_valkey):
    """Checks a refusal in all its parts, and returns its body."""
    before = contents()

    def check(response, status):
        body = json.loads(response.content)
        assert (response.status_code, set(body) - {"hint"}) == (status, {"detail", "code"}), body
        assert body["detail"]
        assert body["code"]
        assert response["Content-Type"] == "application/json"
        assert contents() == before
        with redis.Redis.from_url(fresh_valkey) as valkey:
            assert valkey.keys("{canvalo}:e:*") == []
        return body

    return check


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("put", LIST, "GET, POST"),
        ("delete", "/api/overview", "GET"),
        ("post", "/api/optimization/stats", "GET"),
        ("get", "/api/optimization/webhooks/supabase", "POST"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_told_in_json(client, method, path, takes):
    """In the shape of every refusal, with those that it takes."""
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Allow"]) == (405, takes)
    assert answer.json() == {"detail": f"this address takes {takes}", "code": "method_not_allowed"}


async def raw(person, body, method="post", path=LIST):
    """Send bytes as JSON, whatever they are."""
    headers = {"Authorization": f"Bearer {person.token}"}
    send = getattr(person._client, method)
    return await send(path, data=body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b"[", b'{"name": }', b"\xff\xfe", b'{"name": "a"', b"{'a': 1}"]
)
async def test_a_body_that_is_no_json(person, refused, body):
    """Said as such, not as a missing field, and never a fault of the server's."""
    response = await raw(person("alice"), body)
    refused(response, 422 if body == b"" else 400)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([], None),
        ("text", None),
        (7, None),
        (None, None),
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": 7}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "x" * 201}, "name"),
        ({**NEW, "contact_type": "enemy"}, "contact_type"),
        ({**NEW, "email": 1}, "email"),
        ({**NEW, "notes": "x" * 10_001}, "notes"),
        ({**NEW, "salary": 1}, "salary"),
        ({**NEW, "id": str(uuid.uuid4())}, "id"),
        ({**NEW, "owner_id": tokens.USERS["bob"]}, "owner_id"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
async def test_a_new_row_that_makes_no_sense(person, refused, body, where):
    """An unknown column, a wrong type, a value that is none: named by its place."""
    body = refused(await raw(person("alice"), json.dumps(body).encode()), 422)
    assert body["code"] == "invalid"
    if where:
        assert [problem["where"][-1] for problem in body["detail"]] == [where]


@pytest.mark.parametrize(
    "body", [{}, {"name": None}, {"salary": 1}, {"owner_id": tokens.USERS["bob"]}]
)
async def test_a_change_that_makes_no_sense(person, refused, supabase_sql, body):
    """Least of all a change of owner."""
    query = "select id from api.contacts where owner_id = %s limit 1"
    (key,) = supabase_sql().execute(query, [tokens.USERS["alice"]]).fetchone()
    refused(await person("alice").ask("patch", f"{LIST}/{key}", body), 422)


async def test_a_value_that_only_the_database_refuses(person, refused):
    """PostgreSQL knows no NUL in a text; its own code is passed on."""
    body = refused(await person("alice").ask("post", LIST, {"name": "a\x00b"}), 400)
    assert body["code"] == "22P05"


@pytest.mark.parametrize("size", [MEGABYTE + 1, 3 * MEGABYTE])
async def test_a_body_of_more_than_a_megabyte(person, refused, size):
    """It is not read into memory."""
    body = json.dumps({**NEW, "notes": "x"}).encode()
    padded = body + b" " * (size - len(body))
    assert refused(await raw(person("alice"), padded), 413)["code"] == "too_large"


@pytest.mark.parametrize(
    "query",
    [
        "limit=1000000",
        "limit=201",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "offset=-1",
        "offset=1000001",
        "order=salary",
        "order=name.sideways",
        "order=name,id",
        "contact_type=enemy",
        f"search={'x' * 101}",
    ],
)
async def test_a_question_that_makes_no_sense(person, refused, query):
    """A page of a million, an unknown column, PostgREST's own language."""
    assert refused(await person("alice").ask("get", f"{LIST}?{query}"), 422)["code"] == "invalid"


def expired(secret):
    """A token that was once alice's."""
    return tokens.user(secret, "alice", expires_in=-1)


def forged(_):
    """One that another signed."""
    return tokens.user("f" * 48, "alice")


def unsigned(_):
    """One that nobody signed."""
    return jwt.encode({"role": "service_role", "sub": tokens.USERS["alice"]}, None, "none")


def promoted(secret):
    """A genuine one whose payload was exchanged."""
    head, _, signature = tokens.user(secret, "alice").split(".")
    _, payload, _ = tokens.user("f" * 48, "bob").split(".")
    return f"{head}.{payload}.{signature}"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (expired, "token_expired"),
        (forged, "token_invalid"),
        (unsigned, "token_invalid"),
        (promoted, "token_invalid"),
        (lambda _: "garbage", "token_invalid"),
        (lambda _: "a.b.c", "token_invalid"),
        (lambda _: "", "token_missing"),
        (lambda _: None, "token_missing"),
    ],
    ids=["expired", "forged", "alg none", "exchanged", "garbage", "dots", "empty", "missing"],
)
@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_token_that_proves_nothing(person, refused, supabase, make, code, method):
    """Refused here, for reads and writes; Supabase is not asked, and the token not repeated."""
    stranger = person(None)
    stranger.token = make(supabase.jwt_secret)
    response = await stranger.ask(method, LIST, NEW if method == "post" else None)
    body = refused(response, 401)
    assert (body["code"], response["WWW-Authenticate"]) == (code, "Bearer")
    if stranger.token:
        assert stranger.token not in response.content.decode()


async def test_a_token_that_proves_nothing_meets_no_entry_of_another(person, supabase):
    """Though alice's list is in the cache."""
    await person("alice").ask("get", LIST)
    stranger = person(None)
    for make in (expired, forged, unsigned, promoted):
        stranger.token = make(supabase.jwt_secret)
        assert (await stranger.ask("get", LIST)).status_code == 401


async def test_another_scheme_is_no_token(person, refused):
    """Basic credentials are not looked at."""
    headers = {"Authorization": "Basic YWxpY2U6cHc="}
    response = await person(None)._client.get(LIST, headers=headers)
    assert refused(response, 401)["code"] == "token_missing"


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
async def test_a_row_that_is_not_there(person, refused, method):
    """Or not yours: the two are not told apart."""
    data = {"name": "x"} if method == "patch" else None
    response = await person("alice").ask(method, f"{LIST}/{uuid.uuid4()}", data)
    assert refused(response, 404)["code"] == "not_found"


async def test_a_page_beyond_the_last(person, refused):
    """There are no such rows, and the count says so."""
    response = await person("alice").ask("get", f"{LIST}?offset=900000")
    refused(response, 416)


async def test_a_refusal_is_not_remembered(person):
    """The same question with a good token is answered."""
    alice = person("alice")
    assert (await alice.ask("get", f"{LIST}?limit=0")).status_code == 422
    assert (await alice.ask("get", f"{LIST}?limit=1")).status_code == 200
