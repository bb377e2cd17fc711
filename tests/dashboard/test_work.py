"""Pool and batches: what was counted on the way to Supabase, told as it was counted."""

import asyncio
import csv
import io
import os
import time

import plotly.graph_objects as go
import pytest
import redis
import redis.asyncio
from django.contrib.auth import get_user_model
from django.utils import timezone

from dashboard.asked import asked
from dashboard.charts import Chart
from dashboard.figures import figure
from dashboard.formats import UNKNOWN
from dashboard.page import Scene
from dashboard.pages import batches, pool
from optimizer import runtime, selectors
from optimizer.domain.facts import (
    AttemptRepeated,
    BatchFlushed,
    CircuitMoved,
    LeaseTaken,
    LoadShed,
    Operation,
)
from optimizer.domain.recency import MINUTE
from optimizer.domain.request import named
from optimizer.domain.tally import Key
from optimizer.metrics import ledger, presence, store
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.models import BatchRun
from tests.dashboard.traffic import happened, keep, last_minute
from tests.dashboard.work import batched, lasted, pooled
from tests.metrics.factories import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_valkey")]


@pytest.fixture
def alice(client):
    """A member of staff, signed in."""
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    return client


@pytest.fixture
def minute():
    """The last closed minute."""
    return last_minute()


UNSENT = {Key("unsent", "api.contacts", "read", "circuit open"): lasted(0, 4)}


def tiles(browser, path):
    """Each tile's figure, with its unit and note."""
    return {t["id"]: t for t in browser.get(path).json()["tiles"]}


def numbers(browser, path):
    """Each tile's figure with its unit."""
    return {i: f"{t['number']} {t['unit']}".strip() for i, t in tiles(browser, path).items()}


def columns(browser, path):
    """The values of an export."""
    return browser.get(path).json()["columns"]


def rows(browser, path, id_):
    """The rows of a listing, as their texts."""
    found = next(one for one in browser.get(path).json()["listings"] if one["id"] == id_)
    return [[cell["text"] for cell in row] for row in found["rows"]]


@pytest.fixture
def recorded(fresh_valkey, monkeypatch):
    """A process that did its work two minutes ago, and what is stored of it."""
    recorder = Recorder("other", lambda: time.time() - 120)
    for waited in (0.001, 0.001, 0.002, 0.3):
        recorder.record(LeaseTaken(reused=waited < 0.1, waited=waited))
    for seconds in (0.02, 0.02, 0.5):
        recorder.record(call(seconds=seconds))
    recorder.record(call(status=503))
    recorder.record(AttemptRepeated("503", 0.2))
    recorder.record(LoadShed("line full"))
    recorder.record(BatchFlushed("api.contacts", Operation.INSERT, 100, 2, 5, 0.1))
    recorder.record(BatchFlushed("api.contacts", Operation.DELETE, 40, 0, 1, 0.1))
    with redis.Redis.from_url(fresh_valkey) as client:
        flush_blocking(recorder, client, lambda: PoolGauges(8, 3, 5))
        store.snapshot(client, timezone.now())
    monkeypatch.setattr(runtime, "_recorder", Recorder(f"test-{os.getpid()}"))


@pytest.mark.usefixtures("recorded")
def test_the_figures_of_the_pool_are_the_api_s(alice):
    """Leases, how they waited, what is held now, and what was sent again."""
    api = alice.get("/api/optimization/stats").json()
    found = tiles(alice, "/data/pool")
    leases = api["pool"]
    assert found["leases"]["number"] == str(leases["leases"]) == "4"
    assert found["leases"]["note"] == f"{100 * leases['reused'] / 4:.1f} % found a client"
    assert float(found["wait"]["number"]) == pytest.approx(leases["waited_p95_ms"], rel=0.01)
    assert found["clients"]["number"] == str(api["connection_pool"]["active_connections"]) == "3"
    assert found["clients"]["note"].startswith("of 8 kept by")
    assert found["repeated"]["number"] == str(api["faults"]["repeated: 503"])
    assert found["shed"]["number"] == str(api["faults"]["shed: line full"])
    sent = columns(alice, "/data/pool/calls.json")
    assert sum(filter(None, sent["answered"])) == api["requests"]["sent_by_outcome"]["ok"]
    assert sum(filter(None, sent["failed"])) == api["requests"]["sent_by_outcome"]["error"]


@pytest.mark.usefixtures("recorded")
def test_the_figures_of_batches_are_the_api_s(alice):
    """Batches, rows, calls, and rows that were not done."""
    api = alice.get("/api/optimization/stats").json()["batch"]
    found = numbers(alice, "/data/batches")
    assert {name: int(found[name]) for name in ("batches", "rows", "calls", "failed")} == {
        "batches": api["batches"], "rows": api["rows"], "calls": api["calls"],
        "failed": api["failed_rows"],
    }  # fmt: skip
    assert found["avoided"] == str(140 - 6)


def test_waits_are_those_of_all_leases_together(alice, minute):
    """Nine quick ones and one slow: half wait little, and the 95th percentile is the slow one."""
    keep(minute, pooled(leases=9, made=1))
    found = tiles(alice, "/data/pool")["wait"]
    assert 11 < float(found["number"]) < 13
    assert found["unit"] == "ms"
    assert found["note"].endswith("µs")
    drawn = columns(alice, "/data/pool/waits.json")
    assert drawn["p50_ms"][-1] == pytest.approx(0.4, rel=0.05)
    assert drawn["p95_ms"][-1] == pytest.approx(12, rel=0.05)


def test_supabase_s_times_are_those_of_all_tables_together(alice, minute):
    """Twenty quick calls of one table and a slow one of another are one distribution."""
    keep(minute, pooled(calls=20))
    assert tiles(alice, "/data/pool")["upstream"]["note"].startswith("p50 1")
    assert columns(alice, "/data/pool/upstream.json")["p50_ms"][-1] == pytest.approx(20, rel=0.05)
    whole_day = columns(alice, "/data/pool/upstream.json?range=24h")
    assert whole_day["p50_ms"][-1] == pytest.approx(20, rel=0.05)


def test_calls_of_two_tables_that_took_equally_long_count_twice(alice, minute):
    """Six of ten took 20 ms, three of each of two tables: so that is what half took."""
    orders = {Key("sent", "api.orders", "read", "ok"): lasted(0.02, 3)}
    slow = {Key("sent", "api.reports", "read", "ok"): lasted(0.5, 4)}
    contacts = {Key("sent", "api.contacts", "read", "ok"): lasted(0.02, 3)}
    keep(minute, orders, slow, contacts)
    for range_ in ("1h", "24h"):
        drawn = columns(alice, f"/data/pool/upstream.json?range={range_}")
        assert drawn["p50_ms"][-1] == pytest.approx(20, rel=0.05)
        assert drawn["p95_ms"][-1] == pytest.approx(500, rel=0.05)


def test_a_process_that_went_silent_lends_nothing_any_more(
    alice, minute, fresh_valkey, monkeypatch
):
    """It is not waited for: what it reported last is over."""
    keep(minute, pooled())
    with redis.Redis.from_url(fresh_valkey) as client:
        flush_blocking(Recorder("alive"), client, lambda: PoolGauges(5, 2, 3))
        monkeypatch.setattr(ledger, "GAUGE_SECONDS", -1)
        flush_blocking(Recorder("silent"), client, lambda: PoolGauges(9, 9, 0))
    found = tiles(alice, "/data/pool")["clients"]
    assert (found["number"], found["note"]) == ("2", "of 5 kept by 1 process")


def test_calls_are_told_in_bytes_too(alice, minute):
    """What went over the wire, both ways."""
    keep(minute, pooled())
    found = columns(alice, "/data/pool/calls.json?unit=bytes")
    assert (found["received_b"][-1], found["sent_up_b"][-1]) == (5000, 300)


def test_what_was_sent_again_and_not_sent_is_told_by_kind(alice, minute):
    """With what it means, the most frequent first."""
    keep(minute, pooled(repeated=3, shed=1, opened=1, fill=2), UNSENT)
    trouble = rows(alice, "/data/pool", "trouble")
    assert [row[:2] for row in trouble] == [
        ["not sent: circuit open", "4"], ["repeated: 503", "3"], ["fill", "2"],
        ["circuit open", "1"], ["shed: line full", "1"],
    ]  # fmt: skip
    assert all(row[-1] for row in trouble)
    drawn = columns(alice, "/data/pool/again.json")
    assert (drawn["sent_again"][-1], drawn["refused_here"][-1]) == (3, 1)


def test_what_could_not_leave_is_no_call_on_any_page(alice, minute):
    """An outage with an open breaker shows as such, and neither as calls nor as a saving."""
    asked = {Key("asked", "api.contacts", "read", "error"): lasted(0.001, 4)}
    keep(minute, asked, UNSENT)
    overview = tiles(alice, "/data/overview")
    assert [overview[id_]["number"] for id_ in ("asked", "sent", "avoided")] == ["4", "0", "0"]
    assert overview["sent"]["note"] == "to Supabase; 4 could not leave"
    assert tiles(alice, "/data/pool")["unsent"]["number"] == "4"
    assert sum(filter(None, columns(alice, "/data/pool/calls.json")["failed"])) == 0
    series = alice.get("/api/optimization/series?range=1h").json()["totals"]
    assert [series[name] for name in ("sent", "unsent", "avoided")] == [0, 4, 0]


def test_the_breaker_says_where_it_stands_and_how_it_moved(alice, minute, fresh_valkey):
    """The worst of all processes; unknown where none reports."""
    keep(minute - MINUTE, pooled())
    assert numbers(alice, "/data/pool")["breaker"] == UNKNOWN
    present(fresh_valkey, "one", "closed")
    assert numbers(alice, "/data/pool")["breaker"] == "closed"
    assert (
        tiles(alice, "/data/pool")["breaker"]["note"] == "in 1 of 1; it did not open in this range"
    )
    present(fresh_valkey, "two", "open")
    keep(minute, pooled(opened=2))
    assert numbers(alice, "/data/pool")["breaker"] == "open"
    assert (
        tiles(alice, "/data/pool")["breaker"]["note"]
        == "in 1 of 2; opened 2, closed 0 in this range"
    )


def present(address, name, state):
    """A process whose breaker went into a state, and said so."""

    async def say():
        announcer = presence.Announcer(name)
        announcer.hear(CircuitMoved(state))
        async with redis.asyncio.Redis.from_url(address) as client:
            await announcer.announce(client, "0")

    asyncio.run(say())


def test_a_ledger_that_is_away_leaves_the_stored_figures(alice, minute, settings):
    """What is lent now is not known; what was stored is."""
    keep(minute, pooled())
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    found = tiles(alice, "/data/pool")
    assert found["clients"]["number"] == UNKNOWN
    assert found["clients"]["note"] == "Valkey does not answer"
    assert found["leases"]["number"] == "10"


def test_what_is_lent_is_news_although_nothing_was_stored(alice, minute, fresh_valkey):
    """The tile follows the processes, not the minutes."""
    keep(minute, pooled())
    etag = alice.get("/data/pool")["ETag"]
    assert alice.get("/data/pool", headers={"If-None-Match": etag}).status_code == 304
    with redis.Redis.from_url(fresh_valkey) as client:
        flush_blocking(Recorder("other"), client, lambda: PoolGauges(5, 4, 1))
    news = alice.get("/data/pool", headers={"If-None-Match": etag})
    assert news.status_code == 200
    assert news.json()["tiles"][0]["number"] == "4"


def test_the_period_before_is_compared(alice, minute):
    """Twice as many leases, and ten times the rows."""
    keep(minute - 70 * MINUTE, pooled(leases=3, made=2), batched(rows=20))
    keep(minute, pooled(leases=8, made=2), batched(rows=200))
    assert tiles(alice, "/data/pool?compare=previous")["leases"]["change"] == "+100.0 %"
    assert tiles(alice, "/data/batches?compare=previous")["rows"]["change"] == "+900.0 %"
    before = columns(alice, "/data/batches/calls.json?compare=previous")["rows_period_before"]
    assert sum(filter(None, before)) == 20


def test_batches_are_told_by_table_and_kind(alice, minute):
    """Two of one kind are one row; in part, where a row was not done."""
    keep(minute - MINUTE, batched(rows=100, calls=1))
    keep(
        minute,
        batched(rows=200, failed=5, calls=4),
        batched(rows=30, calls=3, operation="delete", relation="api.invoices"),
    )
    assert rows(alice, "/data/batches", "kinds") == [
        [
            *("api.contacts", "insert", "2", "1", "300", "295", "5", "5", "295", "60.0"),
            *("60.0 kB", "80.0 kB", "250 ms"),
        ],
        [
            *("api.invoices", "delete", "1", "0", "30", "30", "0", "3", "27", "10.0"),
            *("30.0 kB", "40.0 kB", "250 ms"),
        ],
    ]
    sorted_ = rows(alice, "/data/batches?sort=rows", "kinds")
    assert sorted_[0][0] == "api.invoices"


def test_rows_are_told_by_what_became_of_them(alice, minute):
    """Done and not done, minute for minute; a minute without a batch is none, a gap is unknown."""
    keep(minute - MINUTE)
    keep(minute, batched(rows=200, failed=5))
    text = alice.get("/data/batches/rows.csv").content.decode()
    points = list(csv.DictReader(io.StringIO(text)))
    assert [(p["done"], p["not_done"]) for p in points[-3:]] == [("", ""), ("0", "0"), ("195", "5")]


def test_rows_not_done_are_told_apart(alice, minute):
    """By status, in the chart and by table; a batch of before that was counted stays whole."""
    keep(minute)
    keep(
        minute - MINUTE,
        batched(failed=7, skipped=4, unknown=3),
        batched(failed=2, relation="api.invoices"),
    )
    drawn = columns(alice, "/data/batches/rows.json")
    names = ("done", "skipped", "unknown", "not_done")
    assert [drawn[name][-2] for name in names] == [391, 4, 3, 2]
    assert [row[:4] for row in rows(alice, "/data/batches", "undone")] == [
        ["api.contacts", "insert", "skipped", "4"], ["api.contacts", "insert", "unknown", "3"],
    ]  # fmt: skip
    assert numbers(alice, "/data/batches")["bytes"] == "60.0 kB"


def test_recent_batches_are_listed_one_by_one(alice, minute):
    """The newest first, also one whose minute is not stored yet; that is news."""
    keep(minute, batched())
    BatchRun.objects.create(
        at=minute, relation="api.contacts", operation="insert", rows=200, failed=0, calls=2,
        seconds=0.25,
    )  # fmt: skip
    etag = alice.get("/data/batches")["ETag"]
    BatchRun.objects.create(
        at=timezone.now(), relation="api.invoices", operation="delete", rows=9, failed=4, calls=1,
        seconds=0.5,
    )  # fmt: skip
    assert alice.get("/data/batches", headers={"If-None-Match": etag}).status_code == 200
    assert [row[1:] for row in rows(alice, "/data/batches", "newest")] == [
        ["api.invoices", "delete", "9", "4", "1", "8", "500 ms"],
        ["api.contacts", "insert", "200", "0", "2", "198", "250 ms"],
    ]


def test_without_a_batch_the_page_says_what_one_is(alice, minute):
    """Not an empty table alone."""
    keep(minute, happened(hits=1))
    assert "batch_insert_records" in alice.get("/batches/").content.decode()
    keep(minute, happened(hits=1), batched())
    assert "batch_insert_records" not in alice.get("/batches/").content.decode()


def contents():
    """Both pages with a quarter of an hour of work, compared and not, in both units."""
    fresh, zone, now = selectors.freshness(), timezone.get_default_timezone(), timezone.now()
    wanted = named("1h", None, now, fresh, zone)
    for query in ("", "compare=previous", "unit=bytes"):
        wish = asked(dict(part.split("=") for part in query.split("&") if part), zone)
        scene = Scene(wish, wanted, now, zone, fresh)
        yield from (pool.build(scene), batches.build(scene))


def test_every_table_and_export_holds_exactly_the_points_of_its_chart(minute):
    """Plotly accepts each figure; what is unknown is null in all of them."""
    for n in range(15):
        keep(minute - n * MINUTE, pooled(calls=n + 1, repeated=n), batched(rows=10 * n + 1))
    charts = [s for content in contents() for s in content.sections if isinstance(s, Chart)]
    assert len(charts) == 3 * (5 + 3)
    for chart in charts:
        drawn = {trace["name"]: list(trace["y"]) for trace in go.Figure(figure(chart)).data}
        exported = [v for k, v in chart.export().items() if not k.startswith(("start", "known"))]
        assert sorted(map(str, drawn.values())) == sorted(map(str, exported))
        assert len(chart.rows()) == 60
        assert all(values[0] is None for name, values in drawn.items())
