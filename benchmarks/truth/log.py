"""A worker's log: one line an operation, written at once, so that a killed worker loses none."""

import os
import threading
import time
from pathlib import Path

from benchmarks.truth.history import Operation, Pause, line

_TICK, _NOTED = 0.02, 0.05  # s between looks at the clock; from which gap on one is noted


class Log:
    """Appends to one file; each line is one system call, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, entry: Operation | Pause) -> None:
        """Note an operation or a pause."""
        os.write(self._file, line(entry))

    def watch(self, process: int) -> None:
        """Note from now on, in a thread, when this process was not run for a while."""
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _watch(self, process: int) -> None:
        last = time.monotonic()
        while True:
            time.sleep(_TICK)
            now = time.monotonic()
            if now - last > _NOTED:
                self.write(Pause(process, last, now))
            last = now
