"""Finding and ending what an earlier, killed run of the same home left behind."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "CANVALO_RUN"  # every process of a stack inherits it; its value is the home
_STORES = ("postgres", "valkey-server")
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, OSError)


def of(home: Path, *store_folders: Path) -> list[psutil.Process]:
    """The processes of this home's stack, found by their environment or working folder.

    PostgreSQL's backends overwrite their environment, but work in the data folder.
    """
    folders = {str(folder) for folder in store_folders}
    above = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in above and _belongs(process, str(home), folders)
    ]


def end(processes: Iterable[psutil.Process], grace: float = 6.0) -> list[int]:
    """End what uses the stores, then the stores; kill what outlasts the grace. The pids met."""
    found = list(processes)
    stores = [process for process in found if _name(process) in _STORES]
    _end_together([process for process in found if process not in stores], grace)
    _end_together(stores, grace)
    return [process.pid for process in found]


def _belongs(process: psutil.Process, home: str, folders: set[str]) -> bool:
    with suppress(*_GONE):
        if process.environ().get(MARK) == home:
            return process.status() != psutil.STATUS_ZOMBIE
    with suppress(*_GONE):
        return process.cwd() in folders
    return False


def _name(process: psutil.Process) -> str:
    with suppress(*_GONE):
        return process.name()
    return ""


def _end_together(processes: list[psutil.Process], grace: float) -> None:
    for process in processes:
        with suppress(*_GONE):
            # PostgreSQL's fast shutdown is INT; on TERM it would wait for its clients.
            process.send_signal(signal.SIGINT if _name(process) == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(processes, timeout=grace)
    for process in stubborn:
        with suppress(*_GONE):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
