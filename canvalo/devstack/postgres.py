"""The embedded PostgreSQL: made on first use, started before all else and stopped after it.

Its settings are for a laptop; fsync stays on, since a database that survives `kill -9` needs it.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql

from canvalo.devstack import leftovers, postgres_place, wheels
from canvalo.devstack.errors import DevstackError, Pause
from canvalo.devstack.home import Home, last_lines, open_log
from canvalo.devstack.waiting import until

SUPERUSER = "postgres"
APPLICATION = "canvalo"  # the role and the database of Django
SUPABASE = "supabase"  # the database of the stand-in
AUTHENTICATOR = "authenticator"  # made by base.sql
_READY_LINE = 7  # of postmaster.pid, counted from 0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


@dataclass
class EmbeddedPostgres:
    """One cluster for one home: `start()`, `url(database)`, `stop()`."""

    home: Home
    pause: Pause = time.sleep
    durable: bool = True  # tests throw their cluster away, and need no fsync
    name: ClassVar[str] = "PostgreSQL"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.place = postgres_place.find(self.home)
        self.log = self.home.folder("logs") / "postgres.log"

    def start(self) -> "EmbeddedPostgres":
        """Make the cluster if it is new, start it, and return once it takes connections."""
        self._require_our_version()
        if not (self.place.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_locks()
        self._process = self._launch()
        until(self._is_ready, 60, self._why_not_ready, self.pause)
        self._ensure_databases()
        return self

    def url(self, database: str = APPLICATION) -> str:
        """The address of one database, as psycopg and Django's settings take it."""
        role = APPLICATION if database != SUPABASE else SUPERUSER
        return self._url(role, database)

    def standin_url(self) -> str:
        """The address by which the stand-in enters: as PostgREST does, with no right of its own."""
        return self._url(AUTHENTICATOR, SUPABASE)

    def stop(self, seconds: float = 30) -> None:
        """Shut down fast but cleanly: clients are cut off, everything committed is kept."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)  # recovers from its log at the next start
            process.wait()

    def exit_code(self) -> int | None:
        """Its exit code where it ended by itself, otherwise None."""
        return self._process.poll() if self._process is not None else None

    def remove(self) -> None:
        """Delete the cluster; for tests, after `stop()`."""
        shutil.rmtree(self.place.data, ignore_errors=True)
        shutil.rmtree(self.place.socket, ignore_errors=True)
        if self.place.account is not None or self.home.path not in self.place.socket.parents:
            with suppress(OSError):  # not empty: then it holds something that is not ours
                self.place.socket.parent.rmdir()

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.place.socket), safe='/')}"

    def _require_our_version(self) -> None:
        with suppress(FileNotFoundError):
            found = (self.place.data / "PG_VERSION").read_text().strip()
            if found != (ours := wheels.postgres_major()):
                raise DevstackError(
                    f"{self.place.data} belongs to PostgreSQL {found}, this is {ours}: move its "
                    "rows with pg_dump, or move the folder away to begin with an empty database"
                )

    def _initialise(self) -> None:
        """Make the cluster beside its place and rename it: there is never half of one."""
        new = self.place.data.with_name("data.new")
        shutil.rmtree(new, ignore_errors=True)
        self.place.own(new)
        command: list[str | Path] = [
            self._program("initdb"),
            "--pgdata",
            new,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        sync = [] if self.durable else ["--no-sync"]
        done = self._run([*command, *locale, *sync, f"--username={SUPERUSER}"])
        if done.returncode:
            raise DevstackError(f"PostgreSQL could not be set up: {last_lines(self.log)}")
        new.rename(self.place.data)

    def _run(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        process = self._spawn(command)
        until(lambda: process.poll() is not None, 120, lambda: f"{command[0]} hangs", self.pause)
        return process

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = dict(_SETTINGS)
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        paths: list[str | Path] = ["-D", self.place.data, "-k", self.place.socket]
        return self._spawn([self._program("postgres"), *paths, *options])

    def _spawn(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        with open_log(self.log) as log:
            return subprocess.Popen(  # noqa: S603 - our own programs and folders
                command,
                cwd=self.place.socket,
                env={**os.environ, leftovers.MARK: str(self.home.path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
                user=self.place.account and self.place.account.pw_uid,
                group=self.place.account and self.place.account.pw_gid,
                extra_groups=self.place.account and [],
            )

    def _program(self, name: str) -> Path:
        return self.place.programs / "bin" / name

    def _clear_locks(self) -> None:
        """Remove a killed server's locks: by now no process works in this folder.

        PostgreSQL would do so, except where another process meanwhile has the number in them.
        """
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self.place.socket.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        if self.exit_code() is not None:
            raise DevstackError(f"PostgreSQL did not start: {last_lines(self.log)}")
        try:
            lines = (self.place.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    def _why_not_ready(self) -> str:
        return f"PostgreSQL takes too long to start: see {self.log} ({last_lines(self.log, 1)})"

    def _ensure_databases(self) -> None:
        """Make Django's role and the two databases where they are missing."""
        with psycopg.connect(self._url(SUPERUSER, "postgres"), autocommit=True) as connection:
            roles = "SELECT 1 FROM pg_roles WHERE rolname = %s"
            if connection.execute(roles, [APPLICATION]).fetchone() is None:
                role = sql.Identifier(APPLICATION)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            self._ensure_database(connection, APPLICATION, APPLICATION)
            self._ensure_database(connection, SUPABASE, SUPERUSER)

    @staticmethod
    def _ensure_database(
        connection: "psycopg.Connection[tuple[object, ...]]", name: str, owner: str
    ) -> None:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if exists.fetchone() is None:
            words = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(words.format(sql.Identifier(name), sql.Identifier(owner)))
            # Only the owner enters: Django reaches the stand-in's rows over HTTP alone.
            closed = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC")
            connection.execute(closed.format(sql.Identifier(name)))
