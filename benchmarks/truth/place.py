"""Where it all happens: real servers, a stand-in behind gates, and workers that come and go."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from benchmarks.stack import Stack
from benchmarks.truth import crew, tables
from benchmarks.truth.checker import Terms
from benchmarks.truth.gates import Gates, gates
from benchmarks.truth.history import History, parse
from benchmarks.truth.outage import Valkey
from benchmarks.truth.worker import BEARER
from canvalo.devstack.plan import PROJECT
from canvalo.devstack.ports import LOOPBACK

PROCESSES = 4
SHORT_LIFE = 10.0  # s, the shortest that a marker may live, so that its end can be waited for
BOUND, _MARGIN = 1.0, 1.0  # s: the bound; between a write's invocation and its marker, at most
TERMS = Terms(BOUND, SHORT_LIFE + _MARGIN)
_MARKER_LIFE = "OPTIMIZATION_CACHE_MARKER_LIFE"


@dataclass(slots=True)
class Place:
    """Everything that a scenario can touch."""

    stack: Stack
    gates: Gates
    valkey: Valkey
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def workers(
        self, number: int = PROCESSES, without: str | None = None, marker_life: float | None = None
    ) -> Iterator["Team"]:
        """Start workers; they are gone at the end of the block. Without a life, the default."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            variables = {} if marker_life is None else {_MARKER_LIFE: str(marker_life)}
            team = Team(self, folder, without, variables)
            stack.callback(team.end)
            team.grow(number)
            yield team

    def launch(self, folder: Path, without: str | None, variables: dict[str, str]) -> crew.Worker:
        """Start one worker; its number was never used before, so that its values are new."""
        port = self.gates.open()
        environment = {
            **self.stack.environment(),
            "DJANGO_SETTINGS_MODULE": "canvalo.settings",
            "SUPABASE_URL": f"http://{LOOPBACK}:{port}",
            BEARER: self.stack.token("alice"),
            **variables,
        }
        return crew.Worker(next(self._numbers), port, folder, environment, without)

    def history(self, folder: Path) -> History:
        """What the workers of a folder did, and what the database made of it."""
        operations, pauses = parse(crew.lines(folder))
        with psycopg.connect(self.stack.supabase_database) as database:
            return History(operations, tables.orders(database), pauses)


@dataclass(slots=True)
class Team:
    """Workers that share a log folder and a board."""

    place: Place
    folder: Path
    without: str | None
    variables: dict[str, str]
    members: list[crew.Worker] = field(default_factory=list)

    def grow(self, number: int) -> None:
        """Start more workers; returns once they are ready."""
        new = [self.place.launch(self.folder, self.without, self.variables) for _ in range(number)]
        self.members += new
        for worker in new:
            worker.ready()

    def history(self) -> History:
        """What the workers have done so far."""
        return self.place.history(self.folder)

    def end(self) -> None:
        """Let all end."""
        for worker in self.members:
            worker.dismiss()
        for worker in self.members:
            worker.end()


@contextmanager
def place() -> Iterator[Place]:
    """Start the servers, make the tables, declare the `strict` ones."""
    with Stack() as stack:
        with psycopg.connect(stack.supabase_database) as database:
            tables.create(database)
        stack.migrate()
        _declare(stack)
        with gates(stack.standin()) as proxy:
            yield Place(stack, proxy, Valkey(stack.valkey))


def _declare(stack: Stack) -> None:
    environment = {**stack.environment(), "DJANGO_SETTINGS_MODULE": "canvalo.settings"}
    command = [sys.executable, "-m", "benchmarks.truth.declare"]
    subprocess.run(command, cwd=PROJECT, env=environment, check=True)
