"""The folder that holds one stack's state, and the lock that lets one stack run in it."""

import fcntl
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from canvalo.devstack.errors import DevstackError


@dataclass
class Home:
    """One stack's folder: secrets, addresses, data and logs; open while its lock is held."""

    path: Path
    _lock: IO[str] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.path = self.path.resolve()

    @property
    def key(self) -> str:
        """A short name for this folder, for what has to live elsewhere on its behalf."""
        return hashlib.sha256(f"{os.getuid()}:{self.path}".encode()).hexdigest()[:12]

    def make(self) -> None:
        """Create the folder, readable by its owner only, and prove that it can be written."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(mode=0o700, parents=True)
            probe = self.path / f".writable-{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise DevstackError(
                f"{self.path} cannot be written ({error.strerror}): make it writable or set "
                "CANVALO_HOME to a folder that is"
            ) from error

    def folder(self, name: str) -> Path:
        """A folder of ours inside, made for the owner only."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def lock(self) -> None:
        """Take the home for this process; refuse, naming the holder, where it is taken."""
        path = self.path / "lock"
        handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = handle.read().strip() or "unknown"
            handle.close()
            raise DevstackError(
                f"already running for {self.path} (pid {holder}): stop it first, or set "
                "CANVALO_HOME to another folder"
            ) from error
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        self._lock = handle

    def unlock(self) -> None:
        """Give the home back; the file stays, since removing a locked file invites a race."""
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None


def open_log(path: Path, keep: int = 5_000_000) -> IO[bytes]:
    """Open a log for appending, for the owner only; one that grew large is set aside first."""
    if path.exists() and path.stat().st_size > keep:
        path.replace(path.with_suffix(".old.log"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_lines(path: Path, count: int = 3) -> str:
    """The end of a log on one line, for a message."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return "no log"
    return " | ".join(line.strip() for line in text.splitlines()[-count:]) or "empty log"
