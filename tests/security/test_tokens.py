"""Tokens that prove nothing: each is refused here, and Supabase is not asked about it."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from canvalo.devstack import tokens
from optimizer.errors import TokenInvalid
from optimizer.issuer import IssuerVerifier

ALICE = {"role": "authenticated", "sub": tokens.USERS["alice"]}
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def part(value):
    """One part of a token, spelt by hand: libraries refuse to make what attackers send."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def soon():
    return int(time.time()) + 600


def claimed(**claims):
    return {**ALICE, "exp": soon(), **claims}


def spelt(header, signature="", **claims):
    return f"{part(header)}.{part(claimed(**claims))}.{signature}"


def signed(secret, headers=None, algorithm="HS256", **claims):
    return jwt.encode(claimed(**claims), secret, algorithm, headers=headers)


def hmac_by_public_key(_):
    """Algorithm confusion: the published key taken for the shared secret."""
    head, body = part({"alg": "HS256", "kid": "k"}), part(claimed())
    code = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(code.sign(f"{head}.{body}".encode(), PUBLIC_PEM))
    return f"{head}.{body}.{signature.rstrip(b'=').decode()}"


HOSTILE = {
    "alg none": lambda s: spelt({"alg": "none"}),
    "alg None": lambda s: spelt({"alg": "None"}),
    "alg nOnE with a signature": lambda s: spelt({"alg": "nOnE"}, "AAAA"),
    "alg empty": lambda s: spelt({"alg": ""}),
    "alg missing": lambda s: spelt({"typ": "JWT"}),
    "alg a list": lambda s: spelt({"alg": ["HS256"]}, "AAAA"),
    "alg null": lambda s: spelt({"alg": None}, "AAAA"),
    "another alg of the same secret": lambda s: signed(s, algorithm="HS512"),
    "signature left out": lambda s: signed(s).rpartition(".")[0] + ".",
    "signature cut": lambda s: signed(s)[:-4],
    "signed with nothing": lambda s: spelt({"alg": "HS256"}),
    "wrong key": lambda s: signed("w" * 48),
    "signed by a key of its own": lambda s: signed(PRIVATE, algorithm="ES256"),
    "kid as a path": lambda s: signed("w" * 48, {"kid": "../../../../dev/null"}),
    "kid as SQL": lambda s: signed(PRIVATE, {"kid": "' OR 1=1 --"}, "ES256"),
    "key in its own header": lambda s: signed(
        PRIVATE,
        {"jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(PRIVATE.public_key()))},
        "ES256",
    ),
    "critical header unknown": lambda s: signed(s, {"crit": ["exotic"], "exotic": 1}),
    "algorithm confusion": hmac_by_public_key,
    "role exchanged": lambda s: (
        signed(s).split(".")[0] + "." + part(claimed(role="service_role")) + ".AAAA"
    ),
    "not valid yet": lambda s: signed(s, nbf=soon()),
    "issued in the future": lambda s: signed(s, iat=soon()),
    "expired": lambda s: signed(s, exp=int(time.time()) - 1),
    "expiry as a word": lambda s: spelt({"alg": "HS256"}, "AAAA", exp="never"),
    "expiry without end": lambda s: signed(s, exp=1e300),
    "claims that are a list": lambda s: part({"alg": "HS256"}) + "." + part([1]) + ".AAAA",
    "five parts": lambda s: f"{signed(s)}.a.b",
    "one dot": lambda s: "a.b",
    "base64 with padding": lambda s: signed(s) + "==",
    "deep header": lambda s: (
        base64.urlsafe_b64encode(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}").decode() + ".e30.AAAA"
    ),
    "an API key of ours": lambda s: "cvl_" + "A" * 43,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_token_that_proves_nothing_is_answered_401(web, supabase, name):
    """The refusal names no key, no secret and nothing of the token."""
    token = HOSTILE[name](supabase.jwt_secret)
    answer = web.ask("GET", "/api/contacts", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert token not in answer.text
    assert supabase.jwt_secret not in answer.text


def test_a_genuine_token_is_answered(web, supabase):
    """Or the table above would prove nothing."""
    headers = {"Authorization": f"Bearer {signed(supabase.jwt_secret)}"}
    assert web.ask("GET", "/api/contacts", headers=headers).status_code == 200


FETCHED = ["jku", "x5u"]


@pytest.mark.parametrize("header", FETCHED)
def test_a_key_that_the_token_says_where_to_fetch_is_not_fetched(web, attacker, header):
    """Server-side request forgery by a token: nobody calls the address."""
    token = signed("w" * 48, {header: f"{attacker.url}/keys", "kid": "k"})
    answer = web.ask("GET", "/api/contacts", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert attacker.calls == []


ISSUER = "https://abcd.supabase.co/auth/v1"


ISSUERS = {
    "nobody": {},
    "somebody else": {"iss": "https://evil.example/auth/v1"},
    "a slash more": {"iss": ISSUER + "/"},
    "other letters": {"iss": ISSUER.upper()},
}


@pytest.mark.parametrize("name", ISSUERS)
async def test_where_an_issuer_is_set_the_tokens_of_others_are_refused(name):
    """Though the key is the right one."""
    verifier = IssuerVerifier(ISSUER, "s" * 48)
    with pytest.raises(TokenInvalid, match="issued"):
        await verifier.verify(signed("s" * 48, **ISSUERS[name]))


async def test_the_issuer_s_own_tokens_stand():
    """At the first look and at the second, which finds it remembered."""
    verifier = IssuerVerifier(ISSUER, "s" * 48)
    for _ in range(2):
        assert (await verifier.verify(signed("s" * 48, iss=ISSUER)))["iss"] == ISSUER


async def test_a_public_key_is_no_shared_secret():
    """Algorithm confusion, in a project that publishes its keys."""
    key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(PRIVATE.public_key()))

    async def fetch():
        return {"keys": [{**key, "kid": "k", "use": "sig", "alg": "ES256"}]}

    verifier = IssuerVerifier("", "", fetch)
    assert await verifier.verify(signed(PRIVATE, {"kid": "k"}, "ES256"))
    with pytest.raises(TokenInvalid):
        await verifier.verify(hmac_by_public_key(""))
