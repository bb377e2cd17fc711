"""Tables and queries: sorted by what matters, each with its page, its reasons and its settings."""

import time

import pytest
import redis
from django.contrib.auth import get_user_model

from dashboard.content import Cell, Column, Listing
from optimizer.domain.facts import CacheRead, MissReason, ReadOutcome, Tier
from optimizer.domain.recency import MINUTE
from optimizer.domain.tally import Key
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.models import TableSettings
from tests.dashboard.traffic import events, happened, keep, last_minute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]
TABLE = "/tables/api.orders/"


@pytest.fixture
def alice(client):
    """A member of staff, signed in."""
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    return client


@pytest.fixture
def traffic():
    """Orders are asked most, invoices missed most; projects were asked two hours ago."""
    minute = last_minute()
    expired = Key("asked", "api.orders", "read", "miss", "expired", "upstream")
    invoices = happened(hits=1, misses=4, relation="api.invoices")
    keep(minute, happened(hits=9, misses=1, relation="api.orders"), invoices, {expired: events(2)})
    keep(minute - 70 * MINUTE, happened(hits=6, relation="api.orders"))


@pytest.fixture
def shapes(fresh_valkey):
    """One question of each of two tables, an expensive one and a frequent one."""
    recorder = Recorder("web", time.time)
    for n in range(10):
        outcome = ReadOutcome.MISS if n < 2 else ReadOutcome.HIT
        reason = MissReason.EXPIRED if n < 2 else None
        tier = Tier.UPSTREAM if n < 2 else Tier.L1
        recorder.record(
            CacheRead("api.orders", outcome, tier, reason, 0.01, 100, shape="GET id=eq.?")
        )
    recorder.record(
        CacheRead(
            "api.invoices", ReadOutcome.MISS, Tier.UPSTREAM, MissReason.COLD, 2.0, 50_000,
            shape="GET select=*&order=due",
        )
    )  # fmt: skip
    with redis.Redis.from_url(fresh_valkey) as client:
        flush_blocking(recorder, client)


def listing(browser, path, id_):
    """The rows of a listing, as their texts."""
    found = next(one for one in browser.get(path).json()["listings"] if one["id"] == id_)
    return [[cell["text"] for cell in row] for row in found["rows"]]


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("", "api.orders"),
        ("-asked", "api.orders"),
        ("asked", "api.invoices"),
        ("-misses", "api.invoices"),
        ("hit_rate", "api.invoices"),
        ("relation", "api.invoices"),
        ("-relation", "api.orders"),
        ("nonsense", "api.invoices"),
    ],
)
def test_tables_are_sorted_by_the_address(alice, sort, first):
    """So a sorted list can be sent to somebody."""
    rows = listing(alice, f"/data/tables?sort={sort}", "tables")
    assert rows[0][0] == first
    assert len(rows) == 2


@pytest.mark.usefixtures("traffic")
def test_each_head_says_how_it_is_sorted_and_sorts_by_a_click(alice):
    """Numbers from the largest first, and the other way by a second click."""
    html = alice.get("/tables/?sort=-misses").content.decode()
    assert 'aria-sort="descending"><a href="?range=1h&amp;sort=misses">Misses' in html
    assert 'href="?range=1h&amp;sort=-writes"' in html
    assert 'href="?range=1h&amp;sort=relation"' in html


@pytest.mark.usefixtures("traffic")
def test_a_table_is_compared_with_itself_before(alice):
    """Orders were asked six times in the hour before, invoices not at all."""
    rows = listing(alice, "/data/tables?compare=previous", "tables")
    assert {row[0]: row[-1] for row in rows} == {"api.orders": "+100.0 %", "api.invoices": "new"}


@pytest.mark.usefixtures("traffic")
def test_tables_are_told_in_bytes_too(alice):
    """What was received and what that spared."""
    html = alice.get("/tables/?unit=bytes").content.decode()
    assert "Avoided share" in html
    rows = listing(alice, "/data/tables?unit=bytes&sort=relation", "tables")
    assert rows[0][:4] == ["api.invoices", "2.50 kB", "2.00 kB", "500 B"]


@pytest.mark.usefixtures("traffic")
def test_the_export_of_a_listing_holds_numbers_in_its_order(alice):
    """Not the texts of the page."""
    columns = alice.get("/data/tables/tables.json?sort=-misses").json()["columns"]
    assert columns["relation"] == ["api.invoices", "api.orders"]
    assert columns["misses"] == [4, 3]
    text = alice.get("/data/tables/tables.csv?sort=-misses").content.decode()
    assert text.splitlines()[1].startswith("api.invoices,5,4,")


@pytest.mark.usefixtures("traffic", "shapes")
def test_a_table_has_a_page_of_its_own(alice):
    """Its figures, the reasons of its misses, its questions."""
    data = alice.get("/data/tables/api.orders").json()
    tiles = {tile["id"]: tile["number"] for tile in data["tiles"]}
    assert (tiles["asked"], tiles["hit-rate"]) == ("12", "75.0")
    assert listing(alice, "/data/tables/api.orders", "reasons")[0][:3] == [
        "expired", "2", "100.0 %",
    ]  # fmt: skip
    (shape,) = listing(alice, "/data/tables/api.orders", "shapes")
    assert shape[0] == "GET id=eq.?"
    assert alice.get("/data/tables/api.orders/calls.csv").status_code == 200


@pytest.mark.usefixtures("traffic")
def test_a_table_leads_to_its_settings(alice):
    """To its row, or to a new one that is already named; and says what holds."""
    html = alice.get(TABLE).content.decode()
    assert "/admin/optimizer/tablesettings/add/?relation=api.orders" in html
    row = TableSettings.objects.create(relation="orders", ttl_seconds=77)
    html = alice.get(TABLE).content.decode()
    assert f"/admin/optimizer/tablesettings/{row.pk}/change/" in html
    assert '<span class="number">77</span>' in html
    TableSettings.objects.update(enabled=False)
    assert "every read goes to Supabase" in alice.get(TABLE).content.decode()


def test_a_table_that_nobody_asked_is_an_empty_page_with_its_name_escaped(alice):
    """A mistyped address shows nothing foreign."""
    html = alice.get("/tables/%3Cscript%3Ex/").content.decode()
    assert "&lt;script&gt;x" in html
    assert "<script>x" not in html
    assert 'data-notice="waiting">' in html


@pytest.mark.usefixtures("traffic", "shapes")
@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("", "GET select=*&order=due"),
        ("-seconds", "GET select=*&order=due"),
        ("-received_bytes", "GET select=*&order=due"),
        ("-misses", "GET id=eq.?"),
        ("-reads", "GET id=eq.?"),
    ],
)
def test_questions_are_sorted_by_time_bytes_and_misses(alice, sort, first):
    """The costly one and the frequent one are not the same."""
    assert listing(alice, f"/data/queries?sort={sort}", "shapes")[0][0] == first


@pytest.mark.usefixtures("traffic", "shapes")
def test_questions_say_why_they_were_missed_and_show_samples(alice):
    """With their reasons, the table they are of, and what was seen."""
    rows = listing(alice, "/data/queries?sort=-misses", "shapes")
    assert rows[0] == [
        "GET id=eq.?", "api.orders", "100 ms", "10 ms", "10", "2", "20.0 %", "1.00 kB", "expired 2",
    ]  # fmt: skip
    samples = listing(alice, "/data/queries", "samples")
    assert {row[3] for row in samples} == {"GET select=*&order=due"}
    assert {row[1] for row in samples} == {"slow", "miss"}
    assert ["expired", "2", "100.0 %"] in [
        row[:3] for row in listing(alice, "/data/queries", "reasons")
    ]
    assert 'href="/tables/api.orders/?range=1h"' in alice.get("/queries/").content.decode()


def test_a_week_of_questions_is_seven_days(alice):
    """And a year too, for no more are kept; the page says so."""
    assert "Questions today" in alice.get("/queries/?range=24h").content.decode()
    assert "of the last 7 days" in alice.get("/queries/?range=1y").content.decode()


def test_without_valkey_the_page_says_what_is_missing(alice, settings):
    """And still shows the reasons, which are in PostgreSQL."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    response = alice.get("/queries/")
    assert response.status_code == 200
    assert b"The questions cannot be read" in response.content
    assert b"Why reads were sent on" in response.content


def test_what_has_no_value_is_last_either_way():
    """A hit rate that does not exist is neither the best nor the worst."""
    rows = [[Cell("a", None)], [Cell("b", 2)], [Cell("c", 1)]]
    for sort, order in (("rate", "cba"), ("-rate", "bca")):
        made = Listing("l", "L", "", [Column("rate", "Rate")], rows, sort=sort)
        assert "".join(row[0].text for row in made.sorted_cells()) == order
