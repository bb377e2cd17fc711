"""`script/audit`: what it checks offline, and that it says what it did not."""

import shutil
import subprocess
import sys

import pytest

from tests.stack import PROJECT


@pytest.fixture
def audit(tmp_path):
    """The script over a copy of the locks, each with a line added."""

    def run(line=""):
        (tmp_path / "script").mkdir()
        shutil.copy(PROJECT / "script" / "audit", tmp_path / "script")
        for lock in PROJECT.glob("*.lock"):
            (tmp_path / lock.name).write_text(lock.read_text() + line)
        script = [sys.executable, str(tmp_path / "script" / "audit")]
        return subprocess.run(script, capture_output=True, text=True)

    return run


def test_the_locks_are_pinned_with_hashes_and_advisories_are_said_to_be_skipped(audit):
    """Nobody takes the green for more than it is."""
    done = audit()
    assert done.returncode == 0, done.stdout
    assert "SKIPPED: no advisories were looked up" in done.stdout


@pytest.mark.parametrize("line", ["evil==1.0\n", "evil>=1.0 \\\n    --hash=sha256:00\n", "evil\n"])
def test_a_package_that_could_be_exchanged_is_named(audit, line):
    """Without a hash, or without a pin."""
    done = audit(line)
    assert done.returncode == 1
    assert "requirements.lock: evil" in done.stdout
