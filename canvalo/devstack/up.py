"""The start, the watch and the end of one stack: stores first and last, the rest in between."""

import os
import time
from collections.abc import Callable, Mapping

from canvalo.devstack import envfile, leftovers, ports, prepare, probes, secrets
from canvalo.devstack.errors import DevstackError, StopRequested
from canvalo.devstack.home import Home
from canvalo.devstack.output import say
from canvalo.devstack.plan import PROJECT, Plan, standin_environment
from canvalo.devstack.signals import Signals
from canvalo.devstack.stores import Stores
from canvalo.devstack.supervisor import Supervisor
from canvalo.devstack.waiting import until

_READY_WITHIN = 90.0
_INTERRUPTED = 130
Condition = Callable[[], bool]


class Stack:
    """One stack of one home, from its first progress line to its last."""

    def __init__(self, home: Home, plan: Plan, signals: Signals) -> None:
        self._home, self._plan, self._signals = home, plan, signals
        self._supervisor = Supervisor(PROJECT / "Procfile", signals)
        self._secrets: dict[str, str] = {}
        self._stores: Stores | None = None
        self._began = time.monotonic()

    def run(self) -> int:
        """Start, serve until something asks for the end, and stop; the exit code."""
        self._home.make()
        self._home.lock()
        try:
            return self._serve()
        except StopRequested:
            return _INTERRUPTED
        finally:
            self._stop()
            self._home.unlock()

    def _serve(self) -> int:
        stores = self._start_stores()
        environment = self._write_addresses(stores)
        self._prepare(stores, environment)
        self._start_processes(stores, environment)
        self._await_ready(environment)
        say(f"ready http://{ports.LOOPBACK}:{self._plan.port} after {self._elapsed()}")
        return self._watch()

    # ---- start

    def _start_stores(self) -> Stores:
        self._secrets = secrets.ensure(self._home.path)
        stores = Stores(self._home, self._plan, self._secrets, self._signals.pause)
        if count := stores.end_leftovers():
            say(f"ended {count} processes that an earlier run left behind")
        self._plan.check()  # not sooner: the leftovers held our ports
        probes.require_servers(self._plan.given)
        self._stores = stores
        say("starting PostgreSQL and Valkey")
        stores.start()
        return stores

    def _write_addresses(self, stores: Stores) -> dict[str, str]:
        addresses = stores.addresses()
        heading = "Written by each start of script/server: where its parts are."
        envfile.write(self._home.path / "run.env", addresses, heading)
        return self._plan.process_environment(self._home.path, addresses)

    def _prepare(self, stores: Stores, environment: Mapping[str, str]) -> None:
        say(f"bringing the databases up to date ({self._elapsed()})")
        steps = prepare.Steps(self._supervisor, self._signals.pause)
        prepare.databases(steps, environment, stores.supabase_database)
        prepare.first_admin(steps, environment)
        for name in ("beat", "static"):
            self._home.folder(name)

    def _start_processes(self, stores: Stores, environment: Mapping[str, str]) -> None:
        say(f"starting {', '.join(self._plan.processes)} ({self._elapsed()})")
        for name in self._plan.processes:
            more: dict[str, str] = {}
            if name == "supabase":
                port, web = (
                    self._plan.supabase_port,
                    f"http://{self._plan.own_host}:{self._plan.port}",
                )
                more = standin_environment(stores.standin_database, port, self._secrets, web)
            self._supervisor.start(name, {**environment, **more})

    def _await_ready(self, environment: Mapping[str, str]) -> None:
        workers = probes.Workers(environment["CELERY_BROKER_URL"])
        waits: dict[str, Condition] = {"worker": workers.answer, "web": self._web_answers}
        if self._plan.standin:
            waits["supabase"] = lambda: 0 < probes.status(environment["SUPABASE_URL"]) < 500
        for name, answers in waits.items():
            until(self._alive_and(answers), _READY_WITHIN, _too_slow(name), self._signals.pause)

    def _web_answers(self) -> bool:
        return probes.status(f"http://{self._plan.own_host}:{self._plan.port}/health") == 200

    def _alive_and(self, condition: Condition) -> Condition:
        def check() -> bool:
            if ended := self._ended():
                raise DevstackError(f"{ended} before all was ready: its lines are above")
            return condition()

        return check

    # ---- watch and end

    def _watch(self) -> int:
        while not (ended := self._ended()):
            try:
                self._signals.pause(0.1)
            except StopRequested:
                return 0
        say(f"{ended}: stopping everything")
        return 1

    def _ended(self) -> str | None:
        """What ended by itself and how, in words."""
        child = self._supervisor.ended()
        store = self._stores.ended() if self._stores else None
        return store or (child.ending() if child else None)

    def _stop(self) -> None:
        stores = self._stores
        self._supervisor.stop(hurried=stores is not None and stores.ended() is not None)
        if stores is not None:
            stores.stop()
        # A killed worker's pool, or a process that was being started when the signal came.
        leftovers.end(leftovers.of(self._home.path))
        if stores is not None:  # a start that was refused has said why, and nothing ran
            say(f"stopped after {self._elapsed()}")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"


def _too_slow(name: str) -> Callable[[], str]:
    return lambda: f"{name} did not answer within {_READY_WITHIN:.0f} s: its lines are above"


def up(home: Home, *, demo: bool, port: int | None) -> int:
    """Run one stack in this process; the exit code."""
    given = dict(os.environ)
    if port is not None:
        given["PORT"] = str(port)
    signals = Signals()
    signals.install()
    return Stack(home, Plan(given, demo), signals).run()
