"""Scopes: no two identities share one, and a new sign-in keeps its own."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from optimizer.domain import scope as scopes
from optimizer.domain.scope import VOLATILE_CLAIMS, ScopeKind, digest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
claims = st.dictionaries(
    st.sampled_from(["role", "sub", "email", "aal", "app_metadata", "organisation"]),
    json_values,
    max_size=4,
)
ALICE = {"role": "authenticated", "sub": "alice", "app_metadata": {"organisation": 1}}


def same(one, other):
    """Equality as JSON has it: 1, 1.0 and true are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@given(claims, claims)
def test_only_equal_claims_share_a_scope(one, other):
    """Every claim that a policy can read tells callers apart."""
    shared = scopes.from_claims(one) == scopes.from_claims(other)
    assert shared is same(one, other)


@given(claims, st.dictionaries(st.sampled_from(sorted(VOLATILE_CLAIMS)), json_values))
def test_what_changes_with_each_sign_in_does_not_matter(stable, volatile):
    """A refreshed token finds what the old one stored."""
    assert scopes.from_claims({**stable, **volatile}) == scopes.from_claims(stable)


@pytest.mark.parametrize(
    "other",
    [
        {**ALICE, "sub": "bob"},
        {**ALICE, "role": "service_role"},
        {**ALICE, "app_metadata": {"organisation": 2}},
        {**ALICE, "aal": "aal2"},
        {"role": "authenticated", "sub": "alice"},
        {**ALICE, "sub": None},
        {},
    ],
)
def test_each_claim_counts(other):
    """The organisation and the level of assurance as much as the name."""
    assert scopes.from_claims(other).digest != scopes.from_claims(ALICE).digest


@given(st.text(), st.text())
def test_kinds_never_share(text, other):
    """A user id, a key and a token that say the same word are three callers."""
    assume(text)
    made = [
        scopes.from_key(text),
        scopes.from_user_id(text),
        scopes.from_claims({"sub": text}),
        scopes.from_claims({"role": "service_role", "sub": text}),
        scopes.UNVERIFIED,
    ]
    assert len({scope.digest for scope in made}) == len(made)
    assert (scopes.from_user_id(text) == scopes.from_user_id(other)) is (text == other)


def test_an_opaque_key_tells_equal_users_apart_and_a_jwt_key_does_not():
    """PostgREST looks at the token alone; the gateway looks at opaque keys."""
    plain = scopes.from_claims(ALICE)
    assert scopes.from_claims(ALICE, "eyJhbGciOi.anon.key") == plain
    secret = scopes.from_claims(ALICE, "sb_secret_1")
    assert len({plain, secret, scopes.from_claims(ALICE, "sb_publishable_1")}) == 3


def test_two_keys_are_told_apart_by_both():
    """Which of them decides is not known here: a secret one may stand in either place."""
    public, secret = "sb_publishable_1", "sb_secret_1"
    shown = [(public, public), (public, secret), (secret, public), (secret, secret), (public, "")]
    assert len({scopes.from_key(*keys) for keys in shown}) == len(shown)


def test_only_who_is_known_may_share():
    """What could not be verified is never stored."""
    assert not scopes.UNVERIFIED.cacheable
    assert scopes.UNVERIFIED.kind is ScopeKind.UNVERIFIED
    assert scopes.from_user_id("alice").cacheable


def test_a_scope_holds_no_secret_and_no_name():
    """Only hashes are written to Valkey, or to a log."""
    shown = f"{scopes.from_key('sb_secret_1')}{scopes.from_claims(ALICE, 'sb_secret_1')}"
    assert "sb_secret" not in shown
    assert "alice" not in shown


def test_parts_do_not_run_together():
    """Two lists of parts that read alike when joined are told apart."""
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a", ["b"]) != digest("a", "b")
    assert digest("a", None) != digest("a", "null") != digest("a")


def test_a_project_is_told_by_its_public_key():
    """And the key itself does not show in it."""
    assert scopes.project_of("sb_publishable_a") != scopes.project_of("sb_publishable_b")
    assert "sb_publishable_a" not in scopes.project_of("sb_publishable_a")
