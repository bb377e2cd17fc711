"""`/api/optimization/stats`: the original keys, over all processes, for staff and tokens only."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from optimizer import api, runtime
from optimizer.domain.facts import (
    BatchFlushed,
    CacheFault,
    ChangeMade,
    LeaseTaken,
    Operation,
    ReadOutcome,
)
from optimizer.metrics import ledger
from optimizer.metrics.ledger import PoolGauges
from optimizer.metrics.recorder import Recorder, flush_blocking
from optimizer.models import ApiToken
from tests.metrics.factories import call, read

pytestmark = pytest.mark.django_db
URL = "/api/optimization/stats"


@pytest.fixture(autouse=True)
def own_recorder(monkeypatch, fresh_valkey):
    """This process begins to count anew."""
    monkeypatch.setattr(runtime, "_recorder", Recorder(f"test-{os.getpid()}"))


@pytest.fixture
def staff(client):
    """A browser signed in as staff."""
    client.force_login(get_user_model().objects.create_user("alice", is_staff=True))
    return client


@pytest.fixture
def other(clock, valkey):
    """Another process, which has counted and reported."""
    recorder = Recorder("other", clock)
    for outcome in (ReadOutcome.HIT, ReadOutcome.HIT, ReadOutcome.STALE, ReadOutcome.MISS):
        recorder.record(read(outcome, seconds=0.01))
    recorder.record(read(ReadOutcome.COALESCED, seconds=0.03))
    recorder.record(read(ReadOutcome.BYPASS, seconds=0.03))
    recorder.record(ChangeMade("api.contacts", Operation.INSERT, 201, 0.04, fenced=True))
    for _ in range(3):
        recorder.record(call())
    recorder.record(LeaseTaken(reused=True, waited=0.002))
    recorder.record(LeaseTaken(reused=False, waited=0))
    recorder.record(
        BatchFlushed("api.contacts", Operation.INSERT, 100, 2, 5, 0.1, 900, 700, {"skipped": 2})
    )
    recorder.record(CacheFault("fill"))
    flush_blocking(recorder, valkey, lambda: PoolGauges(8, 3, 5))
    return recorder


def test_the_original_keys_are_all_there(staff):
    """Whatever read the original endpoint reads this one."""
    body = staff.get(URL).json()
    assert set(body["cache"]) == {
        "total_entries",
        "active_entries",
        "expired_entries",
        "utilization_percent",
        "max_size",
    }
    assert set(body["connection_pool"]) >= {
        "total_connections",
        "active_connections",
        "idle_connections",
        "total_requests",
        "cache_hits",
        "cache_misses",
        "hit_rate_percent",
        "average_request_time_ms",
    }


@pytest.mark.usefixtures("other")
def test_the_figures_are_those_of_another_process_too(staff):
    """Seven asked, three sent, and the pool as that process holds it."""
    body = staff.get(URL).json()
    pool = body["connection_pool"]
    assert (pool["total_requests"], pool["cache_hits"], pool["cache_misses"]) == (7, 3, 1)
    assert (pool["cache_coalesced"], pool["cache_bypassed"]) == (1, 1)
    assert pool["hit_rate_percent"] == 75.0
    assert pool["average_request_time_ms"] == pytest.approx((4 * 10 + 2 * 30 + 40) / 7, abs=0.001)
    assert pool["total_connections"] >= 8
    assert body["requests"]["avoided"] == 4
    assert body["requests"]["by_outcome"]["stale"] == 1
    batch = body["batch"]
    assert [batch[name] for name in ("batches", "rows", "failed_rows", "calls")] == [1, 100, 2, 5]
    assert batch["undone_rows"] == {"skipped": 2}
    assert [batch[name] for name in ("sent_bytes", "received_bytes")] == [900, 700]
    waits = body["pool"].pop("waited_p50_ms"), body["pool"].pop("waited_p95_ms")
    assert waits == (pytest.approx(0, abs=0.01), pytest.approx(2, rel=0.05))
    assert body["pool"] == {"leases": 2, "reused": 1, "waited_ms": 2.0}
    assert body["faults"] == {"fill": 1}
    assert body["counted_since"] <= body["as_of"]


def test_a_request_of_this_moment_is_counted_already(staff):
    """The answering process delivers its own counts first."""
    runtime.recorder().record(read())
    assert staff.get(URL).json()["connection_pool"]["cache_hits"] == 1


def test_asking_twice_counts_nothing_twice(staff):
    """Reading the figures does not change them."""
    runtime.recorder().record(read())
    first = staff.get(URL).json()["requests"]
    assert staff.get(URL).json()["requests"] == first


def test_nothing_counted_is_zero_and_not_an_error(staff):
    """A new installation has a hit rate of 0.0 and no average wait."""
    body = staff.get(URL).json()
    assert body["connection_pool"]["hit_rate_percent"] == 0.0
    assert body["connection_pool"]["total_requests"] == 0
    assert body["requests"]["average_cached_ms"] is None


def test_many_threads_and_processes_sum_to_the_request(staff, clock, valkey):
    """Six recorders that report at once: not one request more or less."""

    def work(name):
        recorder = Recorder(name, clock)
        for _ in range(20):
            for _ in range(25):
                recorder.record(read())
            flush_blocking(recorder, valkey)

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert staff.get(URL).json()["connection_pool"]["cache_hits"] == 6 * 20 * 25


def test_strangers_and_users_are_refused(client):
    """Everybody's traffic is not everybody's business."""
    assert client.get(URL).status_code == 401
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers={"Authorization": "Bearer cvl_wrong"}).status_code == 401


def test_an_api_token_may_read(client):
    """A monitoring program needs no browser."""
    token = ApiToken.issue("monitor")
    assert client.get(URL, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_with_the_ledger_away_the_answer_says_so(staff, monkeypatch):
    """Not zeros: figures that cannot be read are not shown."""
    config = runtime._django_config()
    away = type(config)(**{**as_dict(config), "valkey_url": "redis://127.0.0.1:1/0"})
    monkeypatch.setattr(runtime, "_django_config", lambda: away)
    response = staff.get(URL)
    assert response.status_code == 503
    assert "cannot be reached" in response.content.decode()


def as_dict(config):
    """The fields of a frozen dataclass with slots."""
    return {name: getattr(config, name) for name in config.__slots__}


def test_the_snapshot_task_stores_what_was_counted(other, clock, monkeypatch):
    """Beat's task, run as the worker runs it."""
    from optimizer.models import MinuteTally
    from optimizer.tasks import snapshot_metrics

    snapshot_metrics()
    assert MinuteTally.objects.filter(outcome="hit").get().count == 2


def test_the_clean_up_task_runs(fresh_valkey):
    """It needs no loop of its own, and an empty cache is no fault."""
    from optimizer.tasks import clean_cache

    clean_cache()


def test_closing_delivers_what_is_left(valkey):
    """A process that ends in order loses nothing."""

    async def live():
        runtime.current()
        runtime.recorder().record(read())
        await runtime.close_current()

    async_to_sync(live)()
    assert sum(t.count for t in ledger.read_totals_blocking(valkey).tallies.values()) == 1


def test_a_monitor_that_runs_wild_is_told_to_wait(staff, fresh_valkey, monkeypatch):
    """429, counted over all processes in Django's cache."""
    monkeypatch.setattr(api.THROTTLE, "num_requests", 2)
    monkeypatch.setattr(api.THROTTLE, "duration", 86_400)
    answers = [staff.get(URL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 86_400
    assert staff.get("/metrics").status_code == 429


def test_requests_at_once_are_counted_as_many(fresh_valkey, monkeypatch):
    """Twenty threads share one token; no more than its rate get through, whoever comes first."""
    monkeypatch.setattr(api.THROTTLE, "duration", 86_400)
    request = RequestFactory().get(URL)
    request.auth = "monitor"
    with ThreadPoolExecutor(20) as threads:
        allowed = list(threads.map(lambda _: api.THROTTLE.allow_request(request), range(60)))
    assert allowed.count(True) == 20
