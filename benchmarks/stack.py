"""The servers that a bench runs against: real ones, in a temporary home, gone afterwards."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import psutil

from canvalo.devstack import leftovers, ports, probes, schema, secrets, tokens
from canvalo.devstack.home import Home, last_lines, open_log
from canvalo.devstack.plan import PROJECT, standin_environment
from canvalo.devstack.postgres import SUPABASE, EmbeddedPostgres
from canvalo.devstack.valkey import EmbeddedValkey
from canvalo.devstack.waiting import until

_PREFIX = "canvalo-bench-"
_READY_WITHIN = 60.0
# A developer's own settings would make it another product than the one that is measured.
_FOREIGN = ("CANVALO_", "CELERY_", "DJANGO_", "OPTIMIZATION_", "PGRST_", "SUPABASE_", "VALKEY_")
_FOREIGN_NAMES = ("ALLOWED_HOSTS", "DATABASE_URL", "HOST", "PORT")


class Stack:
    """PostgreSQL and Valkey from entry to exit; stand-in and web servers as they are asked for."""

    def __enter__(self) -> Self:
        remove_orphans()
        self.home = Home(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))
        self.secrets = secrets.ensure(self.home.path)
        self.postgres = EmbeddedPostgres(self.home)
        self.valkey = EmbeddedValkey(self.home, self.secrets["VALKEY_PASSWORD"])
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            self.postgres.start()
            self.valkey.start()
            schema.apply(self.supabase_database, PROJECT / "supabase")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            _end(process)
        self.valkey.stop()
        self.postgres.stop()
        self.postgres.remove()
        shutil.rmtree(self.home.path, ignore_errors=True)

    @property
    def supabase_database(self) -> str:
        """The stand-in's database, as its superuser."""
        return self.postgres.url(SUPABASE)

    def token(self, user: str) -> str:
        """A token of alice, bob or carol."""
        return tokens.user(self.secrets["STANDIN_JWT_SECRET"], user)

    @property
    def anon_key(self) -> str:
        """The stand-in's public key."""
        return self.secrets["STANDIN_ANON_KEY"]

    def standin(self, latency_ms: int = 0) -> int:
        """Start a stand-in that lets each answer wait this long; its port."""
        port = ports.find_free()
        told = standin_environment(self.postgres.standin_url(), port, self.secrets)
        told["PGRST_LATENCY_MS"] = str(latency_ms)
        self.start("standin", ["manage.py", "postgrest"], told)
        _until_answered(f"http://{ports.LOOPBACK}:{port}/", 500, self._log("standin"))
        return port

    def migrate(self) -> None:
        """Make Django's tables."""
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=PROJECT, env=self.environment(), check=True)

    def web(
        self, supabase_url: str, application: str = "canvalo.asgi:application", **variables: str
    ) -> str:
        """Start a web server before this Supabase, with these settings; its address."""
        port = ports.find_free()
        told = {**self.environment(), "SUPABASE_URL": supabase_url, **variables}
        listen = ["--host", ports.LOOPBACK, "--port", str(port)]
        quiet = ["--no-access-log", "--log-level", "warning"]
        self.start("web", ["-m", "uvicorn", application, *listen, *quiet], told)
        _until_answered(f"http://{ports.LOOPBACK}:{port}/health", 201, self._log("web"))
        return f"http://{ports.LOOPBACK}:{port}"

    def environment(self) -> dict[str, str]:
        """What a process of the product needs to use these servers, and no other settings."""
        return {
            **_bare_environment(),
            **self.secrets,
            **secrets.standin_keys(self.secrets),
            "CANVALO_HOME": str(self.home.path),
            leftovers.MARK: str(self.home.path),
            "DATABASE_URL": self.postgres.url(),
            "VALKEY_URL": self.valkey.url,
        }

    def start(
        self, name: str, command: list[str], more: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a Python program with these variables besides; it ends with the stack."""
        environment = {**self.environment(), **more}
        with open_log(self.home.folder("logs") / f"{name}.log") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _log(self, name: str) -> Callable[[], str]:
        log = self.home.path / "logs" / f"{name}.log"
        return lambda: f"{name} did not answer: {last_lines(log)}"


def _until_answered(url: str, below: int, failure: Callable[[], str]) -> None:
    until(lambda: 0 < probes.status(url) < below, _READY_WITHIN, failure)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _bare_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES
    }


def remove_orphans() -> None:
    """Remove the folders and servers of benches that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        ours = folder.is_dir() and folder.stat().st_uid == os.getuid()
        if ours and pid.isdigit() and not psutil.pid_exists(int(pid)):
            cluster = EmbeddedPostgres(Home(folder))
            leftovers.end(leftovers.of(cluster.home.path, cluster.place.data, folder / "valkey"))
            cluster.remove()
            shutil.rmtree(folder, ignore_errors=True)
