"""The mail server's address, as an operator writes it."""

import json
import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from canvalo.environment import Environment
from tests.stack import PROJECT

NAMES = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
READ = (
    "import json; from canvalo import settings as s; "
    f"print(json.dumps([getattr(s, 'EMAIL_' + n) for n in {NAMES}]))"
)


def settings_with(url):
    """What Django's settings make of an address, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=PROJECT,
        env={**os.environ, "EMAIL_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:8025", ["smtp", "127.0.0.1", 8025, "", "", False, False]),
        (
            "smtp://al%40x.org:p%2Fw@mail.x.org/?tls=true",
            ["smtp", "mail.x.org", 587, "al@x.org", "p/w", True, False],
        ),
        ("smtps://u:p@mail.x.org", ["smtp", "mail.x.org", 465, "u", "p", False, True]),
        ("", ["console", "", 587, "", "", False, False]),
    ],
)
def test_an_address_becomes_djangos_settings(url, expected):
    """Escapes are undone, ports have their usual defaults; without one mails are printed."""
    backend, *others = expected
    assert settings_with(url) == [f"django.core.mail.backends.{backend}.EmailBackend", *others]


@pytest.mark.parametrize(
    "url",
    [
        "mail.x.org",
        "http://secret@mail.x.org",
        "smtp://",
        "smtp://secret@mail.x.org:70000",
        "smtp://secret@mail.x.org:0",
        "smtp://secret@mail.x.org?tls=maybe",
        "smtp://secret@mail.x.org?ssl=true",
        "smtps://secret@mail.x.org?tls=true",
    ],
)
def test_what_is_no_address_is_refused_at_start(url):
    """With the variable's name, and without the password in it."""
    with pytest.raises(ValidationError) as refused:
        Environment(email_url=url)
    assert "email_url" in str(refused.value)
    assert "secret" not in str(refused.value)
