"""What is under load: the product's processes as servers run them, each of which can restart.

As on several machines, the cache's Valkey and the broker's are two.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.stack import Stack
from canvalo.devstack import ports, probes
from canvalo.devstack.home import Home
from canvalo.devstack.plan import PROJECT, standin_environment
from canvalo.devstack.valkey import EmbeddedValkey
from canvalo.devstack.waiting import until

WEBS = 2
_CELERY = ["-m", "celery", "--quiet", "-A", "canvalo"]
_STORED = """
import django; django.setup()
from datetime import timedelta
import redis
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone
from optimizer.metrics import store
from optimizer.models import MinuteTally, SnapshotRun
ran = SnapshotRun.objects.aggregate(at=Max("ran_at"))["at"]
with redis.Redis.from_url(settings.VALKEY_URL) as client:
    store.snapshot(client, timezone.now() + timedelta(seconds=65))
asked = MinuteTally.objects.filter(step="asked").aggregate(n=Sum("count"))["n"]
print(asked or 0, ran.timestamp() if ran else 0)
"""


class Place:
    """Two web processes, worker, beat, two Valkeys and the stand-in."""

    def __init__(self, stack: Stack, broker: str) -> None:
        self._stack = stack
        self._standin_port = ports.find_free()
        self._told = {
            "SUPABASE_URL": f"http://{ports.LOOPBACK}:{self._standin_port}",
            "CELERY_BROKER_URL": broker,
        }
        self.web_ports = [ports.find_free() for _ in range(WEBS)]
        self._standin = self._start_standin()
        self._webs = [self._start_web(port) for port in self.web_ports]
        self._worker, self._beat = self._start_worker(), self._start_beat()
        for port in self.web_ports:
            _until_up(f"http://{ports.LOOPBACK}:{port}/health", 201)

    @property
    def bearer(self) -> str:
        """Alice's token."""
        return self._stack.token("alice")

    def web_memory(self) -> float:
        """What the web processes hold together, in MB."""
        return sum(_held(web) for web in self._webs)

    def worker_memory(self) -> float:
        """What the worker holds, in MB; nothing while it restarts."""
        return _held(self._worker)

    def restart_worker(self) -> None:
        """As a new version would be put in place."""
        _end(self._worker)
        self._worker = self._start_worker()

    def restart_beat(self) -> None:
        """The timetable goes on where it was."""
        _end(self._beat)
        self._beat = self._start_beat()

    def restart_valkey(self) -> None:
        """In order: it writes its file out, and comes back with what it held."""
        self._stack.valkey.stop()
        self._stack.valkey.start()

    def restart_upstream(self) -> None:
        """Supabase is away for as long as the stand-in takes to start."""
        _end(self._standin)
        self._standin = self._start_standin()

    def leave(self) -> tuple[int, float]:
        """End all processes in order; what is counted by then, and when beat and worker stored."""
        for process in (self._beat, *self._webs, self._worker):
            _end(process)
        words = [sys.executable, "-c", _STORED]
        environment = {**self._stack.environment(), "DJANGO_SETTINGS_MODULE": "canvalo.settings"}
        done = subprocess.run(
            words, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
        )
        asked, ran = done.stdout.split()
        return int(asked), float(ran)

    def _start_standin(self) -> "subprocess.Popen[bytes]":
        stack, port = self._stack, self._standin_port
        told = standin_environment(stack.postgres.standin_url(), port, stack.secrets)
        process = stack.start("standin", ["manage.py", "postgrest"], told)
        _until_up(f"http://{ports.LOOPBACK}:{port}/", 500)
        return process

    def _start_web(self, port: int) -> "subprocess.Popen[bytes]":
        words = ["-m", "canvalo.serve", "--host", ports.LOOPBACK, "--port", str(port)]
        return self._start("web", [*words, "--drain", "1"])

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        quiet = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        return self._start("worker", [*_CELERY, "worker", "--concurrency", "1", *quiet])

    def _start_beat(self) -> "subprocess.Popen[bytes]":
        schedule = str(self._stack.home.folder("beat") / "schedule")
        words = ["beat", "--schedule", schedule, "--pidfile=", "--loglevel", "WARNING"]
        return self._start("beat", [*_CELERY, *words])

    def _start(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        return self._stack.start(name, command, self._told)


@contextmanager
def place() -> Iterator[Place]:
    """All of it, up and answering, and gone afterwards."""
    with Stack() as stack:
        stack.migrate()
        home = Home(stack.home.folder("broker"))
        broker = EmbeddedValkey(home, stack.secrets["VALKEY_PASSWORD"]).start()
        try:
            yield Place(stack, broker.url)
        finally:
            broker.stop()


def _held(process: "subprocess.Popen[bytes]") -> float:
    """MB of a process and of those that it started."""
    try:
        top = psutil.Process(process.pid)
        return sum(one.memory_info().rss for one in [top, *top.children()]) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _until_up(url: str, below: int) -> None:
    until(lambda: 0 < probes.status(url) < below, 60, lambda: f"{url} does not answer")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(60)
