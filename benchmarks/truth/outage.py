"""What can happen to Valkey: paused, or killed and started again, empty or as it once was."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import redis

from canvalo.devstack.valkey import EmbeddedValkey
from canvalo.devstack.waiting import until

_FILES = "appendonlydir"


class Valkey:
    """The one server of the stack, which keeps its port."""

    def __init__(self, server: EmbeddedValkey) -> None:
        self._server = server
        self._data = server.folder / _FILES
        self._snapshot = Path(tempfile.mkdtemp(dir=server.folder)) / _FILES
        self._paused = 0

    def pause(self) -> None:
        """Let it not run for now; its connections stay open."""
        self._paused = self._pid()
        os.kill(self._paused, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        os.kill(self._paused, signal.SIGCONT)

    def keep(self) -> None:
        """Keep what it holds now, for a later restart."""
        shutil.rmtree(self._snapshot, ignore_errors=True)
        shutil.copytree(self._data, self._snapshot)

    def kill(self) -> None:
        """End it with no chance to write anything."""
        os.kill(self._pid(), signal.SIGKILL)
        until(lambda: self._server.exit_code() is not None, 10, lambda: "Valkey outlived its kill")

    def start(self, kept: bool) -> None:
        """Start it again: from what was kept, or empty."""
        shutil.rmtree(self._data, ignore_errors=True)
        if kept:
            shutil.copytree(self._snapshot, self._data)
        self._server.start()

    def _pid(self) -> int:
        with redis.Redis.from_url(self._server.url) as client:
            return int(client.info("server")["process_id"])
