"""Tokens: who is let in as whom, and the words in which the others are refused."""

import base64
import hmac
import json
import time

import pytest

from canvalo.devstack import tokens
from canvalo.devstack.errors import DevstackError
from canvalo.devstack.postgrest import keys
from canvalo.devstack.postgrest.auth import Authenticator, bearer
from canvalo.devstack.postgrest.errors import Refusal

SECRET = "s" * 40
NOW = time.time()


def authenticator(secret=SECRET, file=None, anon="anon", audience=None):
    return Authenticator(keys.load(secret, file), anon, audience)


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(claims, secret):
    """An HS256 token of any claims; the library would refuse to make some of these."""
    text = f"{encoded({'alg': 'HS256'})}.{encoded(claims)}"
    made = hmac.digest(secret.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def refused(token, **options):
    with pytest.raises(Refusal) as caught:
        authenticator(**options).caller(token, NOW)
    return caught.value


def test_a_request_without_a_token_is_anonymous():
    caller = authenticator().caller(None, time.time())
    assert (caller.role, caller.is_anonymous) == ("anon", True)
    assert json.loads(caller.claims) == {"role": "anon"}


def test_the_role_and_all_claims_come_from_the_token():
    token = tokens.mint(SECRET, role="authenticated", sub="alice", colour="blue")
    caller = authenticator().caller(token, time.time())
    assert (caller.role, caller.is_anonymous) == ("authenticated", False)
    assert json.loads(caller.claims)["colour"] == "blue"


def test_a_token_without_a_role_is_anonymous_with_its_claims():
    token = tokens.mint(SECRET, role=None, sub="alice")
    caller = authenticator().caller(token, time.time())
    assert (caller.role, json.loads(caller.claims)["sub"]) == ("anon", "alice")


def test_a_role_that_is_no_text_is_taken_as_its_json():
    token = tokens.mint(SECRET, role=["a", 1])
    assert authenticator().caller(token, time.time()).role == '["a",1]'


@pytest.mark.parametrize(
    ("token", "message", "details"),
    [
        ("", "Empty JWT is sent in Authorization header", None),
        ("one", "Expected 3 parts in JWT; got 1", None),
        ("one.two", "Expected 3 parts in JWT; got 2", None),
        ("a.b.c.d", "Expected 3 parts in JWT; got 4", None),
        ("a.b.c", "JWT cryptographic operation failed", None),
        ("eyJhbGciOiJIUzI1NiJ9.e30.!!!!", "JWT cryptographic operation failed", None),
        (
            tokens.mint("x" * 40, role="authenticated"),
            "No suitable key or wrong key type",
            "None of the keys was able to decode the JWT",
        ),
        (
            encoded({"alg": "none"}) + "." + encoded({"role": "service_role"}) + ".",
            "Wrong or unsupported encoding algorithm",
            "JWT is unsecured but expected 'alg' was not 'none'",
        ),
        (
            encoded({"alg": "RS256"}) + ".e30.AAAA",
            "No suitable key or wrong key type",
            "No suitable key was found to decode the JWT",
        ),
    ],
)
def test_what_cannot_be_decoded_is_refused_in_postgrests_words(token, message, details):
    refusal = refused(token)
    assert (refusal.status, refusal.code) == (401, "PGRST301")
    assert (refusal.message, refusal.details) == (message, details)
    expected = f'Bearer error="invalid_token", error_description="{message}"'
    assert dict(refusal.headers) == {"WWW-Authenticate": expected}


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW - 31}, "JWT expired"),
        ({"nbf": NOW + 31}, "JWT not yet valid"),
        ({"iat": NOW + 31}, "JWT issued at future"),
        ({"exp": "soon"}, "The JWT 'exp' claim must be a number"),
        ({"nbf": True}, "The JWT 'nbf' claim must be a number"),
        ({"iat": []}, "The JWT 'iat' claim must be a number"),
        ({"aud": 7}, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": "others"}, "JWT not in audience"),
        ({"aud": ["others", "more"]}, "JWT not in audience"),
    ],
)
def test_claims_that_do_not_hold_are_refused(claims, message):
    refusal = refused(signed({"role": "authenticated", **claims}, SECRET), audience="us")
    assert (refusal.status, refusal.code, refusal.message) == (401, "PGRST303", message)


def test_clocks_may_differ_by_thirty_seconds_and_any_audience_will_do_by_default():
    token = tokens.mint(SECRET, role="authenticated", expires_in=-29, aud="anybody")
    assert authenticator().caller(token, time.time()).role == "authenticated"


def test_a_remembered_token_expires_all_the_same():
    door = authenticator()
    token, now = tokens.mint(SECRET, role="authenticated", expires_in=60), time.time()
    door.caller(token, now)
    with pytest.raises(Refusal, match="JWT expired"):
        door.caller(token, now + 100)


def test_without_a_secret_every_token_is_refused_and_nobody_still_comes_in():
    refusal = refused("a.b.c", secret=None)
    assert (refusal.status, refusal.code) == (500, "PGRST300")
    assert refusal.message == "Server lacks JWT secret"
    assert authenticator(secret=None).caller(None, time.time()).role == "anon"


def test_without_an_anonymous_role_a_token_is_required():
    refusal = refused(None, anon=None)
    assert (refusal.status, refusal.code) == (401, "PGRST302")
    assert refusal.message == "Anonymous access is disabled"
    assert dict(refusal.headers) == {"WWW-Authenticate": "Bearer"}


def test_a_key_set_verifies_es256_and_the_secret_still_works(tmp_path):
    private = tokens.new_jwks()
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(tokens.public_jwks(private)))
    door = authenticator(file=file)
    mine = tokens.mint_with_key(private["keys"][0], role="authenticated")
    assert door.caller(mine, time.time() + 1).role == "authenticated"
    assert door.caller(tokens.mint(SECRET, role="anon"), time.time() + 1).role == "anon"


def test_a_key_that_is_not_in_the_set_is_not_suitable(tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(tokens.public_jwks(tokens.new_jwks())))
    other = tokens.mint_with_key(tokens.new_jwks()["keys"][0], role="service_role")
    refusal = refused(other, file=file)
    assert refusal.details == "No suitable key was found to decode the JWT"


def test_a_public_key_is_never_taken_for_a_shared_secret(tmp_path):
    """The oldest attack: an HS256 token whose secret is the text of the public key."""
    public = tokens.public_jwks(tokens.new_jwks())
    for key in public["keys"]:
        del key["alg"], key["kid"]  # as lenient as a key can be
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(public))
    forged = signed({"role": "service_role"}, json.dumps(public["keys"][0]))
    assert refused(forged, secret=None, file=file).code == "PGRST301"


def test_a_secret_may_be_a_key_set_itself():
    private = tokens.new_jwks()
    token = tokens.mint_with_key(private["keys"][0], role="authenticated")
    assert (
        authenticator(secret=json.dumps(private)).caller(token, time.time() + 1).role
        == "authenticated"
    )


def test_a_short_secret_is_refused_at_the_start():
    with pytest.raises(DevstackError, match="at least 32 characters"):
        keys.load("short", None)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Basic abc", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER", ""),
    ],
)
def test_only_bearer_is_a_token(header, token):
    assert bearer(header) == token
