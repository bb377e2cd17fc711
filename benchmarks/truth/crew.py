"""The workers, as the scenarios see them: processes that can be told, paused and killed."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.truth.history import Mode
from benchmarks.truth.trouble import RunFailed
from canvalo.devstack.plan import PROJECT

_START, _STOP = 60.0, 15.0  # s


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker told of one operation."""

    value: int | None
    outcome: str
    cache: str
    token: str


class Worker:
    """One process; `port` is the one by which it alone reaches Supabase."""

    def __init__(
        self,
        number: int,
        port: int,
        folder: Path,
        environment: Mapping[str, str],
        without: str | None = None,
    ) -> None:
        self.number, self.port = number, port
        self.killed = False
        self._log = folder / f"{number}.err"
        self._ids = count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {0: Future()}
        self._process = self._launch(folder, environment, without)
        threading.Thread(target=self._listen, daemon=True).start()

    def ready(self) -> None:
        """Return once it has opened its engine; raises RunFailed."""
        self.result(self._waiting[0], _START)

    def read(self, row: int, mode: Mode, known: tuple[int, str] | None = None) -> Reply:
        """Read a row and return what came."""
        return self.reading(row, mode, known)()

    def reading(self, row: int, mode: Mode, known: tuple[int, str] | None = None) -> "Pending":
        """Begin to read a row; call what comes back to have the answer."""
        return Pending(self, self._tell(do="read", row=row, mode=mode, known=known))

    def write(self, row: int, mode: Mode) -> Reply:
        """Write a row and return what came."""
        return self.writing(row, mode)()

    def writing(self, row: int, mode: Mode) -> "Pending":
        """Begin to write a row; call what comes back to have the answer."""
        return Pending(self, self._tell(do="write", row=row, mode=mode))

    def load(self, **load: Any) -> "Pending":
        """Begin a load (`benchmarks.truth.load.Load`'s fields)."""
        return Pending(self, self._tell(do="load", **load))

    def pause(self) -> None:
        """Let it not run for now."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it with no chance to do anything more."""
        self.killed = True
        self._process.kill()
        self._process.wait()

    def dismiss(self) -> None:
        """Let it close its engine and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self) -> None:
        """Wait for its end; kill it where it does not come."""
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.kill()

    def result(self, future: "Future[dict[str, Any]]", seconds: float) -> dict[str, Any]:
        """What a command came to; raises RunFailed with the worker's last words."""
        try:
            return future.result(seconds)
        except (TimeoutError, EOFError) as error:
            words = self._log.read_text()[-2000:]
            raise RunFailed(f"worker {self.number} did not answer: {words}") from error

    def _launch(
        self, folder: Path, environment: Mapping[str, str], without: str | None
    ) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "benchmarks.truth.worker", str(self.number), str(folder)]
        command += ["--without", without] if without else []
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _tell(self, **command: Any) -> "Future[dict[str, Any]]":
        number = next(self._ids)
        future: Future[dict[str, Any]] = Future()
        self._waiting[number] = future
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps({"id": number, **command}).encode() + b"\n")
            self._process.stdin.flush()
        return future

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            answer = json.loads(line)
            self._waiting[answer.pop("id")].set_result(answer)
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(EOFError())


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that a worker carries out; calling it waits for the end."""

    worker: Worker
    future: "Future[dict[str, Any]]"

    def __call__(self, seconds: float = 60.0) -> Reply:
        """The answer of a read or a write; raises RunFailed."""
        return Reply(**self.worker.result(self.future, seconds))

    def end(self, seconds: float) -> None:
        """Wait for the end of a load; that of a killed worker is its death."""
        try:
            self.worker.result(self.future, seconds)
        except RunFailed:
            if not self.worker.killed:
                raise


def lines(folder: Path) -> Iterator[bytes]:
    """All that the workers of a folder have logged."""
    for path in sorted(folder.glob("*.log")):
        yield from path.read_bytes().splitlines(keepends=True)
