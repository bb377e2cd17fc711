"""What an operator is told a change may cost."""

import pytest

from optimizer.domain import risks

PLAIN = {
    "ttl_seconds": "", "enabled": "True", "strict": "False", "shared_by": "caller",
    "fine_grain": "False", "owner_column": "", "sources": "api.memberships",
    "stale_if_error_seconds": "0",
}  # fmt: skip


def told(**changed):
    """The sentences after these fields became something else."""
    return risks.of_change("api.contacts", PLAIN, {**PLAIN, **changed})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"shared_by": "user"}, "see each other's rows"),
        ({"shared_by": "role"}, "see each other's rows"),
        ({"ttl_seconds": "86400"}, "unseen for 24 hours"),
        ({"ttl_seconds": "5400"}, "unseen for 1.5 hours"),
        ({"ttl_seconds": "0"}, "goes to Supabase"),
        ({"enabled": "False"}, "goes to Supabase"),
        ({"strict": "True"}, "asks Valkey"),
        ({"fine_grain": "True"}, "outdated until its TTL"),
        ({"owner_column": "owner_id"}, "exactly the caller's own rows"),
        ({"stale_if_error_seconds": "60"}, "changed meanwhile"),
        ({"sources": ""}, "not watched any more"),
    ],
    ids=str,
)
def test_a_change_that_may_hurt_says_how(changed, words):
    """In one sentence, which names the table."""
    (sentence,) = told(**changed)
    assert words in sentence
    assert "api.contacts" in sentence


@pytest.mark.parametrize("changed", [{}, {"ttl_seconds": "300"}, {"ttl_seconds": "3600"}], ids=str)
def test_what_hurts_nobody_is_no_warning(changed):
    """Or nobody would read them."""
    assert told(**changed) == []


def test_the_way_back_is_no_warning():
    """To nobody shares, to not strict, to no declaration."""
    risky = {**PLAIN, "shared_by": "role", "strict": "True", "fine_grain": "True"}
    assert risks.of_change("api.contacts", risky, PLAIN) == []
