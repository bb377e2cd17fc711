"""Tokens: what is not provably signed by the project, and valid now, is refused."""

import hashlib
import json

import pytest

from optimizer.errors import TokenExpired, TokenInvalid
from optimizer.upstream.tokens import TokenVerifier
from tests.optimizer.signing import CLAIMS, SECRET, encoded, handmade, hs256, signed


async def test_a_token_signed_with_the_secret_is_valid(secret, clock):
    """Its claims come back as they are."""
    exp = int(clock()) + 60
    assert await secret.verify(hs256(exp=exp)) == {**CLAIMS, "exp": exp}


async def test_it_ends_at_its_expiry_though_it_is_remembered(secret, clock):
    """The signature is remembered, the time is looked at each time."""
    token = hs256(exp=clock() + 60)
    await secret.verify(token)
    clock.now += 59
    await secret.verify(token)
    clock.now += 1
    with pytest.raises(TokenExpired):
        await secret.verify(token)


async def test_it_begins_at_its_nbf(secret, clock):
    """Not before."""
    token = hs256(nbf=clock() + 10)
    with pytest.raises(TokenInvalid, match="not valid yet"):
        await secret.verify(token)
    clock.now += 10
    assert (await secret.verify(token))["sub"] == "alice"


async def test_it_is_not_from_the_future(secret, clock):
    """Half a minute by which clocks may differ, as PostgREST has it."""
    token = hs256(iat=clock() + 40)
    with pytest.raises(TokenInvalid, match="in the future"):
        await secret.verify(token)
    clock.now += 10
    assert (await secret.verify(token))["sub"] == "alice"


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ["4102444800", None, [], {}, float("nan"), float("inf"), -float("inf"), 10**400]
)
async def test_a_time_that_is_no_number_is_refused(secret, name, value):
    """Nothing that compares strangely makes a token last for ever."""
    token = handmade({"alg": "HS256"}, {**CLAIMS, name: value}, signed)
    with pytest.raises(TokenInvalid, match=f"{name} is not a number"):
        await secret.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "..",
        "a.b.c.d",
        "\u20ac.\u20ac.\u20ac",
        "\ud800",
        hs256()[:-4],
        hs256(secret="t" * 48),
        handmade({"alg": "HS256"}, CLAIMS),
        handmade({"alg": "none"}, CLAIMS),
        handmade({"alg": "None", "kid": "x"}, CLAIMS),
        handmade({}, CLAIMS),
        handmade({"alg": None}, CLAIMS),
        handmade({"alg": ["HS256"]}, CLAIMS),
        handmade({"alg": "HS256", "kid": 7}, CLAIMS),
        handmade({"alg": "HS512"}, CLAIMS, lambda t: signed(t, hashlib.sha512)),
        handmade([], CLAIMS),
        handmade({"alg": "HS256"}, [1], lambda t: signed(t)),
        "x" * 100_000,
    ],
    ids=lambda token: ascii(token[:12]),
)
async def test_what_is_not_signed_by_the_secret_is_refused(secret, published, token):
    """Forged, of another algorithm, of none, or no token at all: one typed error, no other."""
    for verifier in (secret, published):
        with pytest.raises(TokenInvalid):
            await verifier.verify(token)


async def test_a_forged_claim_does_not_profit_from_a_remembered_token(secret):
    """What is remembered is remembered for the whole token."""
    token = hs256()
    await secret.verify(token)
    head, _, signature = token.split(".")
    payload = encoded(json.dumps({**CLAIMS, "sub": "bob"}).encode()).decode()
    with pytest.raises(TokenInvalid):
        await secret.verify(f"{head}.{payload}.{signature}")


async def test_both_kinds_are_accepted_where_both_are_configured(clock, project):
    """A project that moves from its secret to keys serves both for a while."""
    verifier = TokenVerifier(SECRET, project.fetch, clock)
    assert await verifier.verify(hs256())
    assert await verifier.verify(project.mint())


async def test_memory_is_bounded(secret, monkeypatch):
    """Each sign-in makes a new token."""
    monkeypatch.setattr("optimizer.upstream.tokens._REMEMBERED", 3)
    for n in range(10):
        await secret.verify(hs256(n=n))
    assert len(secret._known) == 3
