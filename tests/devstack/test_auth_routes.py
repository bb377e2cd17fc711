"""Signing in as Supabase's own client does it, and what is refused."""

import json
from dataclasses import replace

import httpx
import jwt
import pytest
import pytest_asyncio
from supabase import AsyncClient, AuthApiError, acreate_client

from canvalo.devstack import tokens
from canvalo.devstack.postgrest import keys
from canvalo.devstack.postgrest.app import application
from canvalo.devstack.postgrest.database import Database
from canvalo.devstack.postgrest.service import Service
from canvalo.devstack.postgrest.settings import Settings
from canvalo.devstack.supabase import routes
from canvalo.devstack.supabase.sessions import Session, Sessions

ALICE = {"email": "alice@example.com", "password": "canvalo-demo"}
TOKEN = "/auth/v1/token?grant_type="


@pytest_asyncio.fixture
async def project(supabase) -> AsyncClient:
    return await acreate_client(supabase.url, supabase.anon_key)


@pytest.fixture
def http(supabase):
    with httpx.Client(base_url=supabase.url) as client:
        yield client


async def test_a_user_signs_in_reads_her_rows_and_signs_out(project, supabase_sql):
    answer = await project.auth.sign_in_with_password(ALICE)
    assert (answer.user.id, answer.user.email) == (tokens.USERS["alice"], ALICE["email"])
    assert answer.user.user_metadata == {"name": "Alice"}
    assert answer.session.expires_in == 3600
    rows = await project.schema("api").from_("contacts").select("owner_id").limit(3).execute()
    assert {row["owner_id"] for row in rows.data} == {tokens.USERS["alice"]}
    assert (await project.auth.get_user()).user.id == tokens.USERS["alice"]
    refresh = answer.session.refresh_token
    await project.auth.sign_out()
    with pytest.raises(AuthApiError, match="Refresh Token Not Found"):
        await project.auth.refresh_session(refresh)


async def test_a_refresh_token_is_good_for_one_use(project):
    first = (await project.auth.sign_in_with_password(ALICE)).session
    second = (await project.auth.refresh_session(first.refresh_token)).session
    assert second.refresh_token != first.refresh_token
    claims = [
        jwt.decode(s.access_token, options={"verify_signature": False}) for s in (first, second)
    ]
    assert claims[0]["session_id"] == claims[1]["session_id"]
    with pytest.raises(AuthApiError) as caught:
        await project.auth.refresh_session(first.refresh_token)
    assert (caught.value.status, caught.value.code) == (400, "refresh_token_not_found")


@pytest.mark.parametrize(
    "given",
    [
        {**ALICE, "password": "wrong"},
        {**ALICE, "password": "x" * 100},
        {**ALICE, "email": "nobody@example.com"},
    ],
)
async def test_wrong_credentials_are_refused_alike(project, given):
    with pytest.raises(AuthApiError) as caught:
        await project.auth.sign_in_with_password(given)
    assert (caught.value.status, caught.value.code) == (400, "invalid_credentials")
    assert caught.value.message == "Invalid login credentials"


async def test_nobody_can_sign_up(project):
    with pytest.raises(AuthApiError) as caught:
        await project.auth.sign_up({"email": "new@example.com", "password": "longenough"})
    assert caught.value.code == "signup_disabled"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", TOKEN + "password", b"no json", 400, "bad_json"),
        ("POST", TOKEN + "password", b"[]", 400, "bad_json"),
        ("POST", TOKEN + "password", b"{}", 400, "validation_failed"),
        ("POST", TOKEN + "magic", b"{}", 400, "validation_failed"),
        ("POST", TOKEN + "refresh_token", b"{}", 400, "refresh_token_not_found"),
        ("GET", "/auth/v1/user", b"", 401, "no_authorization"),
        ("GET", "/auth/v1/admin/users", b"", 501, "not_implemented"),
    ],
)
def test_what_is_refused(http, method, path, body, status, code):
    answer = http.request(method, path, content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["code"] == status


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"expires_in": -60}, "bad_jwt"),
        ({"sub": "no uuid"}, "bad_jwt"),
        ({"sub": "00000000-0000-4000-8000-000000000000"}, "user_not_found"),
    ],
)
def test_tokens_of_nobody_are_refused(http, token_for, claims, code):
    header = {"Authorization": f"Bearer {token_for('alice', **claims)}"}
    answer = http.get("/auth/v1/user", headers=header)
    assert (answer.status_code, answer.json()["error_code"]) == (403, code)


def test_a_body_of_unreasonable_size_is_refused(http):
    answer = http.post(TOKEN + "password", content=(b" " * 2**20 for _ in range(65)))
    assert answer.status_code == 413


def test_health_and_settings_answer_and_no_secret_is_shown(http):
    assert http.get("/auth/v1/health").status_code == 200
    assert http.get("/auth/v1/settings").json()["disable_signup"] is True
    assert http.get("/auth/v1/.well-known/jwks.json").json() == {"keys": []}


def test_a_browser_may_ask_from_elsewhere(http):
    origin = {"Origin": "http://example.com", "Access-Control-Request-Method": "POST"}
    assert http.options(TOKEN + "password", headers=origin).status_code == 200
    answer = http.post(TOKEN + "password", json=ALICE, headers={"Origin": origin["Origin"]})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_storage_and_functions_say_what_reached_them(http):
    for prefix in ("/storage/v1", "/functions/v1"):
        found = http.put(f"{prefix}/a/b?c=d", content=b"abc", headers={"X-One": "1"}).json()
        assert (found["method"], found["path"], found["query"]) == ("PUT", "/a/b", "c=d")
        assert ["x-one", "1"] in found["headers"]
        assert found["body_length"] == 3
        assert found["body_sha256"].startswith("ba7816bf8f01cfea")


async def test_with_a_private_key_tokens_are_es256_and_the_public_one_is_shown(supabase, tmp_path):
    private = tokens.new_jwks()
    (tmp_path / "jwks.json").write_text(json.dumps(private))
    settings = Settings(
        supabase.database,
        schemas=("api",),
        anon_role="anon",
        jwt_secret=supabase.jwt_secret,
        jwks_file=tmp_path / "jwks.json",
    )
    database, found = Database(settings), keys.load(settings.jwt_secret, settings.jwks_file)
    await database.open()
    app = application(Service(settings, database, found), routes.others(settings, database, found))
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://standin"
        ) as client:
            signed_in = (await client.post(TOKEN + "password", json=ALICE)).json()
            shown = (await client.get("/auth/v1/.well-known/jwks.json")).json()
            token = signed_in["access_token"]
            claims = jwt.decode(
                token, jwt.PyJWK(shown["keys"][0]), ["ES256"], audience="authenticated"
            )
            assert claims["sub"] == tokens.USERS["alice"]
            assert "d" not in shown["keys"][0]
            mine = {"Authorization": f"Bearer {token}"}
            rows = (await client.get("/rest/v1/contacts?limit=1", headers=mine)).json()
            assert rows[0]["owner_id"] == tokens.USERS["alice"]
    finally:
        await database.close()


async def test_the_other_routes_can_be_left_out(supabase):
    settings = replace(Settings(supabase.database), supabase_routes=False)
    assert routes.others(settings, Database(settings), ()) == {}


@pytest.mark.parametrize(("scope", "left"), [("global", []), ("local", ["b"]), ("others", ["a"])])
def test_signing_out_ends_as_many_sessions_as_it_says(scope, left):
    sessions, mine = Sessions(), {"a": Session("alice"), "b": Session("alice")}
    issued = {name: sessions.issue(session) for name, session in mine.items()}
    other = sessions.issue(Session("bob"))
    sessions.end("alice", mine["a"].id, scope)
    assert [name for name, token in issued.items() if sessions.redeem(token)] == left
    assert sessions.redeem(other) is not None
