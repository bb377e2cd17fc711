"""The Prefer header, and what the answer says of it."""

from canvalo.devstack.postgrest.preferences import APPLIED_ORDER, applied, read_preferences
from canvalo.devstack.postgrest.request import Preferences

ZONES = {"America/Los_Angeles"}


def read(*headers, override=True):
    return read_preferences(headers, ZONES, tx_override=override)


def test_one_header_may_hold_many():
    found = read(
        "count=exact,    tx=commit   ,return=representation , missing=default, handling=strict"
    )
    assert found == Preferences(
        representation="representation",
        count="exact",
        transaction="commit",
        missing="default",
        handling="strict",
    )


def test_of_two_that_contradict_each_other_the_first_counts():
    assert read("tx=commit, tx=rollback").transaction == "commit"
    found = read("resolution=ignore-duplicates", "resolution=merge-duplicates")
    assert found.resolution == "ignore-duplicates"


def test_what_is_unknown_is_kept_in_its_order():
    found = read("anything, count=exact", "count=some, timezone=Nowhere")
    assert found.invalid == ("anything", "count=some", "timezone=Nowhere")
    assert found.timezone is None


def test_a_time_zone_and_a_limit():
    found = read("timezone=America/Los_Angeles, max-affected=100")
    assert (found.timezone, found.max_affected, found.invalid) == ("America/Los_Angeles", 100, ())
    assert read("max-affected=many").max_affected is None


def test_transactions_are_the_servers_where_it_says_so():
    assert read("tx=rollback", override=False).transaction is None


def test_the_answer_names_what_was_applied_in_postgrests_order():
    found = read(
        "tx=commit,handling=strict,max-affected=5,return=minimal,count=exact,missing=null,"
        "resolution=merge-duplicates,timezone=America/Los_Angeles"
    )
    assert applied(found, APPLIED_ORDER) == (
        "resolution=merge-duplicates, missing=null, return=minimal, count=exact, tx=commit, "
        "handling=strict, timezone=America/Los_Angeles, max-affected=5"
    )


def test_a_limit_counts_only_where_it_is_strict():
    assert applied(read("max-affected=5"), APPLIED_ORDER) is None
    assert applied(Preferences(), APPLIED_ORDER) is None
