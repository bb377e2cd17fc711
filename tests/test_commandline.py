"""A command that cannot begin says in one line what to do, and shows no traceback."""

import os
import subprocess
import sys

import pytest

from tests.stack import PROJECT


def refused(*arguments: str, **environment: str) -> str:
    """What `manage.py` says as it gives up."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "canvalo.settings", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    return done.stderr


def test_wrong_variables_are_named_as_they_are_set():
    """Each of them, with what would be right, and without the values, which may be secret."""
    said = refused("check", EMAIL_URL="s3cret", PORT="http")
    assert said.startswith("error: PORT: Input should be a valid integer")
    assert said.endswith("; EMAIL_URL: write it as smtp://user:password@host:587/?tls=true\n")
    assert "s3cret" not in said
    assert said.count("\n") == 1


@pytest.mark.thorough
def test_a_database_that_is_away_is_said_with_what_to_do():
    """As where `script/server` does not run; after the ten seconds that a connection may take."""
    away = "postgresql://u:s3cret@127.0.0.1:1/x"
    said = refused("apitoken", "laptop", DATABASE_URL=away).splitlines()[-1]
    assert said.startswith("error: PostgreSQL does not answer")
    assert said.endswith("start script/server, or correct DATABASE_URL")
    assert "s3cret" not in said


def test_where_an_error_comes_from_is_shown_on_request():
    """For whoever looks for a fault of ours."""
    assert "Traceback" in refused("check", "--traceback", PORT="http")
