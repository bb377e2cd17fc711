"""Tokens: what a reader may ask for, and what only Supabase can answer."""

import pytest

from optimizer.domain.causal import BYPASS, NOTHING, demand, token
from optimizer.domain.freshness import Mark

EPOCH, OTHER = "0123456789abcdef", "fedcba9876543210"


def test_a_token_comes_back_as_the_point_that_it_was_made_of():
    """And one that Valkey did not hear of asks for Supabase."""
    assert demand(token(Mark(EPOCH, 7))).after == Mark(EPOCH, 7)
    assert token(None) == BYPASS
    assert demand(BYPASS).bypass


def test_of_several_the_latest_counts():
    """A client that wrote twice may send both."""
    assert demand(f"{EPOCH}.7, {EPOCH}.9,{EPOCH}.8").after == Mark(EPOCH, 9)


@pytest.mark.parametrize(
    "text",
    ["x", f"{EPOCH}", f"{EPOCH}.-1", f"{EPOCH}.1e3", f"{EPOCH[1:]}.1", f"{EPOCH.upper()}.1",
     f"{EPOCH}.1,bypass", f"{EPOCH}.1,{OTHER}.1", f"{EPOCH}.{10**18}"],
)  # fmt: skip
def test_what_cannot_be_read_goes_to_supabase(text):
    """It may be of a version to come; a stale answer would be the worse mistake."""
    assert demand(text).bypass


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_nothing_asks_for_nothing(text):
    """An empty header is none."""
    assert demand(text) is NOTHING
