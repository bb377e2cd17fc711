"""Published keys: fetched once for all, again when one is unknown or old, and never confused."""

import asyncio
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from canvalo.devstack import tokens
from optimizer.errors import TokenInvalid, UpstreamError
from optimizer.upstream.keys import KEYS_LIVE, REFRESH_AFTER, RETRY_AFTER
from optimizer.upstream.tokens import TokenVerifier
from tests.optimizer.signing import CLAIMS, SECRET, encoded, handmade, hs256


async def test_a_token_signed_with_a_published_key_is_valid(published, project):
    """The set is fetched once for many tokens."""
    for sub in ("alice", "bob"):
        assert (await published.verify(project.mint(sub=sub)))["sub"] == sub
    assert project.asked == 1


async def test_many_callers_at_a_cold_start_fetch_once_and_are_all_let_in(published, project):
    """Nobody is refused because another's fetch is under way."""
    verified = await asyncio.gather(*(published.verify(project.mint()) for _ in range(50)))
    assert len(verified) == 50
    assert project.asked == 1


async def test_a_public_key_is_not_taken_for_a_shared_secret(project, clock):
    """Signing HS256 with the published key, in any form, opens nothing."""
    public = tokens.public_jwks(project.keys)["keys"][0]
    pem = jwt.PyJWK(public).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in ("", SECRET):
        verifier = TokenVerifier(secret, project.fetch, clock)
        for key in (pem, pem.strip(), json.dumps(public).encode(), b""):
            token = handmade(
                {"alg": "HS256", "kid": public["kid"]},
                CLAIMS,
                lambda text, key=key: hmac.digest(key, text, hashlib.sha256),
            )
            with pytest.raises(TokenInvalid):
                await verifier.verify(token)


async def test_another_projects_key_under_our_kid_is_refused(published, project):
    """The name of a key proves nothing."""
    foreign = {**tokens.new_jwks()["keys"][0], "kid": project.keys["keys"][0]["kid"]}
    with pytest.raises(TokenInvalid):
        await published.verify(project.mint(foreign))


async def test_a_key_that_is_new_is_found(published, project, clock):
    """After a rotation the set is fetched again, once."""
    await published.verify(project.mint())
    project.keys["keys"].append(tokens.new_jwks()["keys"][0])
    clock.now += REFRESH_AFTER + 1
    verified = await asyncio.gather(
        *(published.verify(project.mint(project.keys["keys"][1])) for _ in range(20))
    )
    assert len(verified) == 20
    assert project.asked == 2


async def test_unknown_keys_do_not_make_us_ask_without_end(published, project, clock):
    """Whoever invents key ids costs one fetch in thirty seconds."""
    await published.verify(project.mint())
    for _ in range(2):
        clock.now += REFRESH_AFTER + 1
        for _ in range(20):
            with pytest.raises(TokenInvalid):
                await published.verify(project.mint(tokens.new_jwks()["keys"][0]))
    assert project.asked == 3


async def test_a_withdrawn_key_is_refused_with_its_remembered_tokens(published, project, clock):
    """When its time is over the set is asked for again."""
    token = project.mint()
    await published.verify(token)
    project.keys = tokens.new_jwks()
    clock.now += KEYS_LIVE + 1
    with pytest.raises(TokenInvalid):
        await published.verify(token)
    assert (await published.verify(project.mint()))["sub"] == "alice"


async def test_while_the_set_cannot_be_fetched_known_keys_hold(published, project, clock):
    """And an unknown one is no fault of the token."""
    token = project.mint()
    await published.verify(token)
    project.failing = True
    clock.now += KEYS_LIVE + 1
    assert (await published.verify(token))["sub"] == "alice"
    with pytest.raises(UpstreamError, match="away"):
        await published.verify(project.mint(tokens.new_jwks()["keys"][0]))


async def test_a_failed_fetch_is_told_to_all_and_tried_again_soon(published, project, clock):
    """A second later the project may be back, and everybody is let in."""
    project.failing = True
    attempts = [published.verify(project.mint()) for _ in range(20)]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert {type(answer) for answer in answers} == {UpstreamError}
    assert project.asked == 1
    project.failing = False
    clock.now += RETRY_AFTER + 0.1
    assert (await published.verify(project.mint()))["sub"] == "alice"


async def test_a_cancelled_caller_leaves_the_fetch_to_the_next(published, project):
    """It does not count as a fetch."""
    task = asyncio.create_task(published.verify(project.mint()))
    await asyncio.sleep(0)
    task.cancel()
    assert (await published.verify(project.mint()))["sub"] == "alice"
    assert task.cancelled() or task.cancelling()


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": "x"}, "<html>"])
async def test_what_is_no_key_set_is_a_failed_fetch(document, clock, project):
    """A gateway's page instead of the keys."""

    async def fetch():
        return document

    with pytest.raises(UpstreamError, match="not a JSON Web Key Set"):
        await TokenVerifier("", fetch, clock).verify(project.mint())


async def test_keys_of_other_kinds_are_passed_over(clock, project):
    """One that we do not know does not spoil the rest, and a shared secret is never published."""
    shared = {"kty": "oct", "kid": "shared", "k": encoded(SECRET.encode()).decode()}
    unknown = [{"kty": "XX", "kid": "1"}, {"kty": "EC", "crv": "P-0", "kid": "2"}, "x", {}]

    async def fetch():
        strange = [*unknown, {**shared, "alg": "HS256"}]
        return {"keys": [*strange, *tokens.public_jwks(project.keys)["keys"]]}

    verifier = TokenVerifier("", fetch, clock)
    assert (await verifier.verify(project.mint()))["sub"] == "alice"
    with pytest.raises(TokenInvalid):
        await verifier.verify(hs256(headers={"kid": "shared"}))
