"""Every request is counted, once, whatever happens to flushes, snapshots and the ledger."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from canvalo.devstack import ports
from canvalo.devstack.home import Home
from canvalo.devstack.valkey import EmbeddedValkey
from canvalo.devstack.waiting import until
from optimizer.domain.counts import Counts
from optimizer.metrics import ledger, store
from optimizer.metrics.store.lifetime import everything, stored_totals
from optimizer.models import Lifetime, MinuteTally, SpanFigures, SpanTally
from tests.metrics.exact.beats import AHEAD
from tests.stack import PROJECT, answers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EXACT = PROJECT / "tests" / "metrics" / "exact"
REQUESTS = 50_000


class Place:
    """Valkey, an upstream that counts, and whatever programs a test starts."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.valkey = EmbeddedValkey(Home(folder), "secret")
        self.valkey.start()
        self.upstream = ports.find_free()
        self.database = database
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Start a Python program of the test."""
        told = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "DJANGO_SETTINGS_MODULE": "canvalo.settings",
            "DATABASE_URL": self.database,
            "VALKEY_URL": self.valkey.url,
            "EXACT_UPSTREAM": f"http://127.0.0.1:{self.upstream}",
            "EXACT_VALKEY": self.valkey.url,
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, *command], cwd=PROJECT, env=told, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        return process

    def serve(self, module: str, **variables: str) -> tuple[int, subprocess.Popen[str]]:
        """Start a web process or a worker; its port."""
        port = ports.find_free()
        web = ["uvicorn", "tests.metrics.exact.web:app", "--port", str(port), "--no-access-log"]
        command = web if module == "web" else [f"tests.metrics.exact.{module}", str(port)]
        process = self.start("-m", *command, **variables)
        until(lambda: answers(f"http://127.0.0.1:{port}/ready"), 60, lambda: f"{module} is silent")
        return port, process

    def count(self) -> int:
        """How many calls the upstream has seen."""
        url = f"http://127.0.0.1:{self.upstream}/count"
        return int(urllib.request.urlopen(url, timeout=5).read())

    def end(self) -> None:
        """End all that was started, the last first."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        self.valkey.stop()


@pytest.fixture
def place(tmp_path, stack, transactional_db) -> Iterator[Place]:
    """Programs that share a Valkey and the test's database, gone afterwards."""
    name = connection.settings_dict["NAME"]
    here = Place(tmp_path, stack.postgres.url(name))
    try:
        here.start(str(EXACT / "upstream.py"), str(here.upstream))
        until(lambda: answers(f"http://127.0.0.1:{here.upstream}/count"), 20, lambda: "no upstream")
        yield here
    finally:
        here.end()


def listening(place: Place) -> tuple[subprocess.Popen[str], str]:
    """Start the mischief before Valkey; its process, and the address behind it."""
    port = ports.find_free()
    chaos = place.start(str(EXACT / "chaos.py"), str(port), place.valkey.url, "9")
    assert chaos.stdout is not None
    assert chaos.stdout.readline() == "listening\n"
    return chaos, f"redis://:secret@127.0.0.1:{port}/0"


def logged(log: Path) -> list[list[str]]:
    """The client's log: time, port, status."""
    return [line.split() for line in log.read_text().splitlines()]


def size(log: Path) -> int:
    """How many bytes a log has; none before it is there."""
    return log.stat().st_size if log.exists() else 0


def restart(valkey: EmbeddedValkey, when: Callable[[], bool], patience: float) -> None:
    """Stop a server and start it again; without patience it is killed."""
    until(when, 300, lambda: "no progress")
    valkey.stop(patience)
    valkey.start()


def stored(rows, **where) -> int:
    """The sum of a count over rows."""
    return rows.filter(**where).aggregate(n=Sum("count"))["n"] or 0


def test_every_request_is_counted_once_whatever_happens(place):
    """Four web processes, two workers, 50,000 requests, and every mischief at once."""
    chaos, behind = listening(place)
    web = [place.serve("web", EXACT_VALKEY=behind) for _ in range(4)]
    workers = [place.serve("worker", EXACT_VALKEY=behind) for _ in range(2)]
    beats = place.start("-m", "tests.metrics.exact.beats")
    kills: list[str] = []
    thread = threading.Thread(target=lambda: kills.extend(beats.stdout or ()))
    thread.start()
    log, jobs = place.folder / "client.log", place.folder / "jobs.log"
    client = str(EXACT / "client.py")
    asked = place.start(client, str(REQUESTS - 1000), str(log), *(str(port) for port, _ in web))
    worked = place.start(client, "1000", str(jobs), *(str(port) for port, _ in workers))
    restart(place.valkey, lambda: size(log) > 300_000, 15)
    restart(place.valkey, lambda: size(log) > 800_000, 0)
    assert (asked.wait(600), worked.wait(600)) == (0, 0)
    chaos.send_signal(signal.SIGUSR1)
    mischief = chaos.stdout.readline()
    last = place.folder / "last.log"  # a worker hands over what is left with its next job
    assert place.start(client, "24", str(last), *(str(port) for port, _ in workers)).wait(60) == 0
    answered = logged(log) + logged(jobs) + logged(last)
    assert {status for _, _, status in answered} == {"200"}
    for _, process in web:
        process.terminate()
        process.wait(30)
    beats.terminate()
    beats.wait(30)
    thread.join()
    with redis.Redis.from_url(place.valkey.url) as valkey:
        store.snapshot(valkey, timezone.now() + AHEAD)
        store.keep_totals(valkey)
    store.rollup(timezone.now())

    truth = len(answered)
    print(f"\n{truth} requests, {place.count()} calls, {mischief.strip()}, {len(kills)} kills")
    assert truth == REQUESTS + 24
    assert len(kills) > 10
    assert "0" not in [n.strip("}\n, ") for n in mischief.split(": ")[1:]]
    assert stored(MinuteTally.objects, step="asked") == truth
    assert stored(Lifetime.objects, step="asked") == truth
    for grain in (15, 60, 1440):
        assert stored(SpanTally.objects.filter(grain=grain), step="asked") == truth
        figures = SpanFigures.objects.filter(grain=grain, relation="")
        assert figures.aggregate(n=Sum("asked"))["n"] == truth
    assert stored(MinuteTally.objects, step="sent") == place.count()
    assert stored(Lifetime.objects, step="sent") == place.count()


def test_a_killed_process_loses_its_last_interval_at_most_and_is_missed(place, monkeypatch):
    """The loss is what came after its last flush, and the process is counted as vanished."""
    port, web = place.serve("web")
    log = place.folder / "client.log"
    asked = place.start(str(EXACT / "client.py"), "1000000", str(log), str(port))
    until(lambda: size(log) > 60_000 and lasted(log) > 3, 60, lambda: "no progress")
    web.kill()  # after some intervals, so that it has said how much one holds
    web.wait()
    asked.wait(30)
    times = [float(at) for at, _, _ in logged(log)]
    with redis.Redis.from_url(place.valkey.url) as valkey:
        until(lambda: gone(valkey), 60, lambda: "it is not missed")
        store.snapshot(valkey, timezone.now() + AHEAD)
        store.keep_totals(valkey)
        totals = everything(stored_totals(), {})
    counted = sum(t.count for key, t in totals.items() if key.step == "asked")
    lost = len(times) - counted
    last_interval = [at for at in times if at > times[-1] - 3]  # one of 1 s, on a busy machine
    vanished = totals[ledger.VANISHED]
    print(f"\n{lost} of {len(times)} lost; {vanished.rows} facts is what is said")
    assert 0 <= lost <= len(last_interval) + 6  # six may have been counted and not answered
    assert vanished.count == 1
    assert vanished.rows > 0


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_that_is_told_to_end_hands_over_all_that_its_tasks_counted(place, pool):
    """Its processes run no exit handlers; none of them is missed afterwards."""
    command = ["celery", "--quiet", "-A", "tests.metrics.exact.jobs", "worker", "-P", pool]
    url = f"http://127.0.0.1:{place.upstream}"
    addresses = {"SUPABASE_URL": url, "CELERY_BROKER_URL": place.valkey.url}
    worker = place.start("-m", *command, "-c", "2", "--without-mingle", **addresses)
    with Celery() as celery, celery.connection_for_write(place.valkey.url) as broker:
        for number in range(20):
            celery.send_task("exact.sync", [number], connection=broker)
            celery.send_task("exact.loop", [100 + number], connection=broker)
    until(lambda: place.count() >= 40, 60, lambda: "the tasks are not done")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    with redis.Redis.from_url(place.valkey.url) as valkey:
        totals = ledger.read_totals_blocking(valkey)
    counted = Counts(totals.tallies)
    assert (counted.asked, counted.hits, totals.gauges) == (80, 40, [])


def lasted(log) -> float:
    """Seconds between the first answer and one of the last so far."""
    times = [float(at) for at, *_ in logged(log)[:-1]]  # the last line may not be whole yet
    return times[-1] - times[0]


def gone(valkey) -> bool:
    """Whether the process has been silent for long enough to be missed."""
    return ledger.reap(valkey, int(timezone.now().timestamp()) // 60 * 60) == 1
