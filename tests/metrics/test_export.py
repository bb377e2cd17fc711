"""`/metrics`: Prometheus' text format, from the same totals, with counters that never go down."""

import os
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from optimizer import runtime
from optimizer.domain.facts import (
    BatchFlushed,
    CacheFault,
    CallUnsent,
    LeaseTaken,
    Operation,
    ReadOutcome,
)
from optimizer.metrics import ledger, store
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.models import ApiToken
from tests.metrics.factories import NOON, SnapshotRunFactory, call, read

pytestmark = pytest.mark.django_db
URL = "/metrics"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")


@pytest.fixture(autouse=True)
def own_recorder(monkeypatch, fresh_valkey):
    """This process begins to count anew."""
    monkeypatch.setattr(runtime, "_recorder", Recorder(f"test-{os.getpid()}"))


@pytest.fixture
def scrape(client):
    """Ask as Prometheus does, and read the answer strictly: (name, labels) → value."""
    bearer = {"Authorization": f"Bearer {ApiToken.issue('prometheus')}"}

    def ask():
        answer = client.get(URL, headers=bearer)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
        return parsed(answer.content.decode())

    return ask


def parsed(text):
    """Read the text format by its rules; whatever breaks one fails the test."""
    assert text.endswith("\n")
    kinds, helped, found, family = {}, set(), {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in helped, f"{family} comes twice"
            helped.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family
            assert kind in ("counter", "gauge", "histogram")
            kinds[name] = kind
        else:
            add_sample(found, kinds, family, line)
    check_histograms(found, kinds)
    return found


def add_sample(found, kinds, family, line):
    """One sample line, which belongs to the family before it."""
    match = SAMPLE.fullmatch(line)
    assert match, f"no sample: {line}"
    name, labels = match[1], tuple(re.findall(LABEL, match[2] or ""))
    suffixes = ("_bucket", "_sum", "_count") if kinds[family] == "histogram" else ("",)
    assert name in {family + suffix for suffix in suffixes}
    assert kinds[family] != "counter" or name.endswith("_total")
    assert (name, labels) not in found, f"a sample comes twice: {line}"
    assert len({label for label, _ in labels}) == len(labels)
    found[name, labels] = float(match.groups()[-1])


def check_histograms(found, kinds):
    """Buckets go up, with their edges, and the last holds all."""
    for family in (name for name, kind in kinds.items() if kind == "histogram"):
        series = {}
        for (name, labels), value in found.items():
            if name == f"{family}_bucket":
                *others, (le, edge) = labels
                assert le == "le"
                series.setdefault(tuple(others), []).append((float(edge), value))
        for labels, buckets in series.items():
            assert buckets == sorted(buckets)
            assert [n for _, n in buckets] == sorted(n for _, n in buckets)
            assert buckets[-1] == (float("inf"), found[f"{family}_count", labels])
            assert (f"{family}_sum", labels) in found


def other(clock, valkey):
    """Another process, which has counted and reported."""
    recorder = Recorder("other", clock)
    for outcome in (ReadOutcome.HIT, ReadOutcome.HIT, ReadOutcome.MISS):
        recorder.record(read(outcome, seconds=0.01))
    recorder.record(read(relation='api.odd"name\\x'))
    recorder.record(call())
    recorder.record(LeaseTaken(reused=True, waited=0.002))
    recorder.record(
        BatchFlushed("api.contacts", Operation.INSERT, 100, 2, 5, 0.1, 900, 700, {"skipped": 2})
    )
    recorder.record(CacheFault("fill"))
    recorder.record(CallUnsent("api.contacts", Operation.READ, "circuit open"))
    flush_blocking(recorder, valkey, lambda: PoolGauges(8, 3, 5))
    return recorder


def hits(found):
    """The counter of hits on contacts."""
    labels = (
        ("relation", "api.contacts"),
        ("operation", "read"),
        ("outcome", "hit"),
        ("reason", ""),
        ("tier", "l1"),
    )
    return found["canvalo_requests_total", labels]


def test_the_text_keeps_to_the_format_and_says_what_was_counted(scrape, clock, valkey):
    """Counters, gauges, histograms; odd names are escaped."""
    other(clock, valkey)
    found = scrape()
    assert hits(found) == 2
    assert found["canvalo_batch_rows_total", (("result", "failed"),)] == 2
    assert found["canvalo_batch_undone_rows_total", (("status", "skipped"),)] == 2
    assert found["canvalo_batch_bytes_total", (("direction", "sent"),)] == 900
    assert found["canvalo_faults_total", (("outcome", "fill"),)] == 1
    unsent = (("relation", "api.contacts"), ("operation", "read"), ("why", "circuit open"))
    assert found["canvalo_unsent_requests_total", unsent] == 1
    assert found["canvalo_vanished_facts_total", ()] == 0
    assert found["canvalo_pool_connections", (("state", "active"),)] >= 3
    read_hits = (("kind", "read"), ("outcome", "hit"))
    assert found["canvalo_request_duration_seconds_count", read_hits] == 3
    assert any('odd\\"name\\\\x' in dict(labels).get("relation", "") for _, labels in found)


def test_it_says_the_same_as_the_statistics(scrape, client, clock, valkey):
    """One truth, two doors."""
    other(clock, valkey)
    runtime.recorder().record(read())
    found = scrape()
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    body = client.get("/api/optimization/stats").json()
    asked = sum(value for (name, _), value in found.items() if name == "canvalo_requests_total")
    assert asked == body["connection_pool"]["total_requests"] == 5
    assert body["connection_pool"]["cache_hits"] == 4


def test_counters_go_on_where_the_ledger_lost_everything(scrape, clock, valkey):
    """What was shown was stored, and the new life is added to it."""
    recorder = other(clock, valkey)
    assert hits(scrape()) == 2
    valkey.flushall()
    assert hits(scrape()) == 2
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert hits(scrape()) == 3


def test_counters_stay_where_the_ledger_is_away(scrape, clock, valkey, settings):
    """And a gauge says that it is."""
    other(clock, valkey)
    scrape()
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    found = scrape()
    assert hits(found) == 2
    assert found["canvalo_ledger_up", ()] == 0


def test_counters_do_not_go_down_when_the_ledger_goes_back(scrape, recorder, valkey):
    """A server restored from an older state has a new life; what it lost stays counted."""
    recorder.record(read())
    flush_blocking(recorder, valkey)
    older = {key: valkey.dump(key) for key in valkey.scan_iter("{canvalo}:ledger:*")}
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert hits(scrape()) == 2
    valkey.flushall()
    for key, value in older.items():
        valkey.restore(key, 0, value)
    valkey.set("{canvalo}:ledger:life", "an-earlier-run:" + life(older))
    assert hits(scrape()) == 2
    recorder.record(read())
    flush_blocking(recorder, valkey)
    assert hits(scrape()) == 3


def test_an_ended_life_leaves_the_ledger_once_it_is_stored(scrape, clock, valkey):
    """Valkey does not keep every life; PostgreSQL does."""
    other(clock, valkey)
    (life_,) = ledger.ledger_ids(valkey)
    valkey.set("{canvalo}:ledger:life", f"an-earlier-run:{life_}")
    flush_blocking(Recorder("later", clock), valkey)
    assert hits(scrape()) == 2
    assert life_ in ledger.ledger_ids(valkey)  # its minutes are not stored yet
    store.snapshot(valkey, NOON + timedelta(hours=3))
    assert hits(scrape()) == 2
    assert life_ not in ledger.ledger_ids(valkey)
    assert hits(scrape()) == 2


def life(older):
    """The id under which the older state counted."""
    (key,) = (key for key in older if key.endswith(b":totals"))
    return key.decode().split(":")[-2]


def test_nothing_counted_is_still_well_formed(scrape):
    """The first scrape of a new installation."""
    assert scrape()["canvalo_ledger_up", ()] == 1


def test_when_the_last_snapshot_ran(scrape):
    """So that one that stopped can be alerted on."""
    SnapshotRunFactory(ran_at=NOON)
    assert scrape()["canvalo_snapshot_timestamp_seconds", ()] == NOON.timestamp()


def test_strangers_are_refused(client):
    """Neither without a token nor with a wrong one."""
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers={"Authorization": "Bearer cvl_wrong"}).status_code == 401
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get(URL).status_code == 401


@pytest.mark.parametrize("scope", ["stats", "metrics"])
def test_a_token_of_either_scope_may_scrape(client, scope):
    """One for metrics opens nothing else."""
    bearer = {"Authorization": f"Bearer {ApiToken.issue('prometheus', scope=scope)}"}
    assert client.get(URL, headers=bearer).status_code == 200
    stats = client.get("/api/optimization/stats", headers=bearer)
    assert stats.status_code == (200 if scope == "stats" else 403)
