"""Files of `KEY=value` lines that only their owner can read."""

import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from canvalo.devstack.errors import DevstackError


def read(path: Path) -> dict[str, str]:
    """The file's variables; refused when others could read or change it."""
    _require_private(path)
    values = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values[name.strip()] = "".join(shlex.split(value))
    return values


def write(path: Path, values: Mapping[str, str], heading: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    lines = [f"# {heading}", *(f"{name}={shlex.quote(text)}" for name, text in values.items())]
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _require_private(path: Path) -> None:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
        raise DevstackError(
            f"{path} holds secrets and others could read it: make it yours alone with "
            f"`chmod 600 {path}` (and check its owner)"
        )
