"""What script/install.py does to a folder that is not its own."""

import subprocess
import sys

from tests.stack import PROJECT


def test_an_environment_that_is_a_link_is_left_alone(tmp_path):
    """Another checkout's environment would be emptied and made anew for this one."""
    others, link = tmp_path / "others", tmp_path / ".venv"
    (others / "lib").mkdir(parents=True)
    link.symlink_to(others)
    install = [sys.executable, PROJECT / "script" / "install.py", link, tmp_path / "no.lock"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is a link: remove it" in done.stderr
    assert (others / "lib").is_dir()
