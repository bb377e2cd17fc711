"""Runs the Procfile's processes, notices when one ends, and stops them in a stated order.

honcho reads the Procfile and prints; it does not supervise: see docs/decisions/0002-supervision.md.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from honcho.environ import parse_procfile

from canvalo.devstack.output import Output, say
from canvalo.devstack.signals import Signals

# Who takes requests ends first, then who does the work they left, then whom both need.
# A signal is followed by the next when its seconds are over; after the last comes KILL.
_TERM, _QUIT = signal.SIGTERM, signal.SIGQUIT
STAGES: tuple[tuple[tuple[str, ...], tuple[tuple[signal.Signals, float], ...]], ...] = (
    (("demo", "web"), ((_TERM, 15),)),
    # Celery finishes its tasks on TERM, and on QUIT hands them back to the broker.
    (("worker", "beat"), ((_TERM, 30), (_QUIT, 10))),
    (("supabase",), ((_TERM, 10),)),
)
_HURRIED = 5.0  # seconds a signal, where a store is gone and waiting for it would be in vain


@dataclass
class Child:
    """One running process, leader of a session of its own."""

    name: str
    process: subprocess.Popen[bytes]
    reader: threading.Thread

    def ending(self) -> str:
        """How it ended, in words."""
        return f"{self.name} ended {in_words(self.process.returncode)}"


def in_words(code: int) -> str:
    """An exit code as a person says it."""
    if code >= 0:
        return f"with code {code}"
    return f"by signal {-code} ({signal.Signals(-code).name})"


class Supervisor:
    """The processes of one stack that are not stores."""

    def __init__(self, procfile: Path, signals: Signals) -> None:
        self._commands: dict[str, str] = parse_procfile(procfile.read_text()).processes
        self._folder = procfile.parent
        self._signals = signals
        self._output = Output(max(map(len, self._commands)))
        self._children: list[Child] = []

    def start(self, name: str, environment: Mapping[str, str]) -> None:
        """Start one of the Procfile's processes."""
        self._add(name, ["/bin/sh", "-c", self._commands[name]], environment)

    def start_step(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a command that is expected to end by itself."""
        return self._add(name, command, environment).process

    def _add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        process = subprocess.Popen(  # noqa: S603 - from our own Procfile
            command,
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we tell them, in order
        )
        child = Child(name, process, self._output.follow(name, process))
        self._children.append(child)
        return child

    def ended(self) -> Child | None:
        """A process of the Procfile that ended by itself."""
        for child in self._children:
            if child.name in self._commands and child.process.poll() is not None:
                return child
        return None

    def stop(self, *, hurried: bool = False) -> None:
        """End all processes, stage by stage."""
        staged = {name for names, _ in STAGES for name in names}
        others = tuple(child.name for child in self._children if child.name not in staged)
        for names, steps in ((others, ((_TERM, 5.0),)), *STAGES):
            children = [child for child in self._children if child.name in names]
            self._stop_stage(children, steps, hurried)
            self._children = [child for child in self._children if child not in children]

    def _stop_stage(
        self,
        children: list[Child],
        steps: Sequence[tuple[signal.Signals, float]],
        hurried: bool,
    ) -> None:
        running = [child for child in children if child.process.poll() is None]
        if running:
            say(f"stopping {', '.join(child.name for child in running)}")
        for number, seconds in steps:
            for child in running:
                child.process.send_signal(number)  # no effect on one that has ended
            self._wait(running, min(seconds, _HURRIED) if hurried else seconds)
        for child in children:
            self._bury(child)

    def _wait(self, children: list[Child], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(child.process.poll() is None for child in children):
            if self._signals.forced or time.monotonic() > deadline:
                return
            self._signals.pause_stopping(0.05)

    @staticmethod
    def _bury(child: Child) -> None:
        """Kill a process that outlasted every signal, and its children with it."""
        if child.process.poll() is None:
            say(f"killing {child.name}, which does not end")
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        child.reader.join(timeout=1)  # a killed worker's orphans may hold its output open
