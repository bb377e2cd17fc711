"""Make a virtual environment that holds what a lock file names; quick where it already does.

Called by script/bootstrap with the environment's folder and the lock file. Standard library only:
it runs before anything is installed. An interrupted install is done again, and of two at once the
second waits for the first.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\s;\\]+)")


class Refused(Exception):  # noqa: N818 - a sentence for the user, not a fault
    """What keeps the environment from being made; its text says what to do."""


def main(environment: Path, lock: Path) -> None:
    """Bring the environment to the state of the lock file, unless it is there already."""
    _check_platform()
    if environment.is_symlink():  # what it leads to is somebody else's, and would be emptied
        raise Refused(f"{environment} is a link: remove it, so that an environment can be made")
    _leave(environment)
    environment.mkdir(exist_ok=True)
    with _alone(environment):
        if not (_works(environment) and _is_installed(environment, lock)):
            _install(environment, lock)


def _check_platform() -> None:
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        raise Refused("this Linux has no glibc (Alpine?): use Debian, Ubuntu, Fedora or the like")
    if platform.machine().lower() not in ("x86_64", "amd64", "aarch64", "arm64"):
        raise Refused(f"{platform.machine()} is not supported: use an x86-64 or ARM64 machine")


def _leave(environment: Path) -> None:
    """Go on with the Python behind the environment where this is the environment's own."""
    base = getattr(sys, "_base_executable", sys.executable)
    if Path(sys.prefix).resolve() == environment.resolve() and base != sys.executable:
        os.execv(base, [base, *sys.argv])  # noqa: S606 - an activated environment is no stranger


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's own lock; it goes with the process, however that ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another start that fills {folder.name}", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _install(environment: Path, lock: Path) -> None:
    if not _works(environment):
        _make(environment)
    for stamp in environment.glob("*.installed"):
        stamp.unlink()  # until this install is complete, nothing is known to be
    pins = _pins(lock)
    print(f"installing {len(pins)} packages into {environment.name} (once)", flush=True)
    _pip(environment, lock)
    site = next(environment.glob("lib/python3*/site-packages"))
    (site / "canvalo-checkout.pth").write_text(f"{PROJECT}\n")
    # What a larger lock installed need not be installed again for a smaller one.
    for other in PROJECT.glob("requirements*.lock"):
        if _pins(other) <= pins:
            _stamp(environment, other).write_text(_fingerprint(other))


def _works(environment: Path) -> bool:
    """Whether its Python and pip run: not after a move of the checkout or a Python upgrade."""
    python = environment / "bin" / "python"
    known = environment / "made-for"
    if not python.exists() or not known.exists() or known.read_text() != f"{PROJECT}\n":
        return False
    pip = [python, "-c", "import pip"]
    return subprocess.run(pip, capture_output=True, check=False).returncode == 0  # noqa: S603


def _is_installed(environment: Path, lock: Path) -> bool:
    stamp = _stamp(environment, lock)
    return stamp.exists() and stamp.read_text() == _fingerprint(lock)


def _make(environment: Path) -> None:
    try:
        import ensurepip  # noqa: F401 - Debian leaves it out without python3-venv
        import venv
    except ImportError:
        raise Refused(
            "`python3 -m venv` is missing: install it (Debian, Ubuntu: apt install python3-venv) "
            "and run this again"
        ) from None
    for entry in environment.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    venv.create(environment, with_pip=True, symlinks=True)
    (environment / ".gitignore").write_text("*\n")
    (environment / "made-for").write_text(f"{PROJECT}\n")


def _pip(environment: Path, lock: Path) -> None:
    command = [environment / "bin" / "python", "-m", "pip", "install", "--require-hashes"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603 - our own environment and lock
            [*command, *quiet, "-r", lock],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            output.seek(0)
            sys.stderr.write(output.read())
            raise Refused(f"pip could not install {lock.name} (above): is the network there?")


def _pins(lock: Path) -> set[str]:
    return {pin[1] for line in lock.read_text().splitlines() if (pin := _PIN.match(line))}


def _fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest() + "\n"


def _stamp(environment: Path, lock: Path) -> Path:
    return environment / f"{lock.name}.installed"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Refused as refusal:
        sys.exit(f"error: {refusal}")
    except OSError as error:
        sys.exit(f"error: {error.filename or sys.argv[1]}: {error.strerror}: is it writable?")
    except KeyboardInterrupt:
        sys.exit(130)
