"""What the user reads: our progress lines and, marked with its name, each process's output."""

import datetime
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

_lock = threading.Lock()


def say(line: str) -> None:
    """Print one line of our own; a terminal that went away is no reason to fail."""
    with _lock:
        _print(lambda: print(line, flush=True))


class Output:
    """Prints the lines of several processes, each under its name, as honcho does."""

    def __init__(self, width: int) -> None:
        self._printer = Printer(sys.stdout, width=width)
        self._colours = get_colours()

    def follow(self, name: str, process: subprocess.Popen[bytes]) -> threading.Thread:
        """Print what the process writes until its output ends, in a thread of its own."""
        thread = threading.Thread(
            target=self._follow, args=(name, process.stdout, next(self._colours)), daemon=True
        )
        thread.start()
        return thread

    def _follow(self, name: str, stream: IO[bytes], colour: str) -> None:
        with stream:
            for line in stream:
                message = Message("line", line, datetime.datetime.now(), name, colour)
                with _lock:
                    _print(partial(self._printer.write, message))


def _print(write: Callable[[], object]) -> None:
    with suppress(OSError, ValueError):
        write()


def silence_a_closed_terminal() -> None:
    """At exit Python flushes standard output, and would complain where it is gone."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
