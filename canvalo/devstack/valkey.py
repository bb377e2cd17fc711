"""The embedded Valkey: cache and ledger in one server, on loopback, behind a password."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import redis

from canvalo.devstack import leftovers, ports, wheels
from canvalo.devstack.errors import DevstackError, Pause
from canvalo.devstack.home import Home, last_lines, open_log
from canvalo.devstack.waiting import until
from optimizer.cache.history import open_epoch


@dataclass
class EmbeddedValkey:
    """One server for one home: `start()`, `url`, `stop()`."""

    home: Home
    password: str
    max_memory: str = "256mb"
    pause: Pause = time.sleep
    name: ClassVar[str] = "Valkey"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder = self.home.folder("valkey")
        self.log = self.home.folder("logs") / "valkey.log"

    def start(self) -> "EmbeddedValkey":
        """Start the server; returns once it has loaded its data and answers."""
        new = not self._port_file.exists()
        self._port = ports.find_free(self._remembered_port())
        config = self._write_config()
        self._process = self._launch(config)
        until(self._answers, 60, lambda: f"Valkey takes too long: see {self.log}", self.pause)
        self._port_file.write_text(f"{self._port}\n")
        if new:
            self.forget_writers()
        return self

    def forget_writers(self) -> None:
        """Say that whoever wrote through the cache before is gone, with what it had under way.

        Otherwise a restarted server keeps nothing for as long as such a write could take.
        """
        with redis.Redis.from_url(self.url) as client:
            open_epoch(client)

    @property
    def url(self) -> str:
        """The address with its password, as redis-py, django-redis and Celery take it."""
        return f"redis://:{self.password}@{ports.LOOPBACK}:{self._port}/0"

    def stop(self, seconds: float = 15) -> None:
        """Stop it; on TERM it writes its append-only file out first."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def exit_code(self) -> int | None:
        """Its exit code where it ended by itself, otherwise None."""
        return self._process.poll() if self._process is not None else None

    @property
    def _port_file(self) -> Path:
        return self.folder / "port"

    def _remembered_port(self) -> int | None:
        """The last run's port, so that a program started by hand finds it again."""
        with suppress(OSError, ValueError):
            return int(self._port_file.read_text())
        return None

    def _write_config(self) -> Path:
        """Write the settings; the password goes here, since a command line is public."""
        settings = {
            "bind": ports.LOOPBACK,
            "port": self._port,
            "protected-mode": "yes",
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": self.max_memory,
            "maxmemory-policy": "volatile-lru",
            "daemonize": "no",
            "set-proc-title": "no",  # it would overwrite the mark by which leftovers are found
        }
        path = self.folder / "valkey.conf"
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.writelines(f"{name} {value}\n" for name, value in settings.items())
        return path

    def _launch(self, config: Path) -> subprocess.Popen[bytes]:
        with open_log(self.log) as log:
            return subprocess.Popen(  # noqa: S603 - our own program and file
                [wheels.valkey(), config],
                cwd=self.folder,
                env={**os.environ, leftovers.MARK: str(self.home.path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )

    def _answers(self) -> bool:
        if self.exit_code() is not None:
            raise DevstackError(f"Valkey did not start: {last_lines(self.log)}")
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:  # not yet listening, or still loading its data
            return False
