"""Brings the databases to the state of the checkout, before the first process starts."""

import secrets
import sys
import time
from collections.abc import Mapping

import psycopg

from canvalo.devstack.errors import DevstackError, Pause
from canvalo.devstack.output import say
from canvalo.devstack.plan import PROJECT
from canvalo.devstack.supervisor import Supervisor, in_words

ADMIN = "admin"
_MANAGE = [sys.executable, "manage.py"]
_SLOWEST = 300.0  # seconds for one step


class Steps:
    """Commands that run to their end, watched so that a signal can interrupt them."""

    def __init__(self, supervisor: Supervisor, pause: Pause) -> None:
        self._supervisor = supervisor
        self._pause = pause

    def run(self, commands: Mapping[str, list[str]], environment: Mapping[str, str]) -> None:
        """Run these commands side by side; the first that fails is named."""
        running = {
            name: self._supervisor.start_step(name, command, environment)
            for name, command in commands.items()
        }
        deadline = time.monotonic() + _SLOWEST
        while any(process.poll() is None for process in running.values()):
            if time.monotonic() > deadline:
                raise DevstackError(f"{', '.join(running)} took longer than {_SLOWEST:.0f} s")
            self._pause(0.05)
        for name, process in running.items():
            if process.returncode:
                raise DevstackError(f"{name} ended {in_words(process.returncode)}: see above")


def databases(steps: Steps, environment: Mapping[str, str], supabase: str | None) -> None:
    """Migrate Django's database and, where it is ours, bring the stand-in's up to date."""
    commands = {"migrate": [*_MANAGE, "migrate", "--noinput", "--verbosity", "0"]}
    if supabase is not None:
        module = [sys.executable, "-m", "canvalo.devstack", "schema"]
        commands["schema"] = [*module, str(PROJECT / "supabase")]
        environment = {**environment, "DEVSTACK_SUPABASE_DB_URI": supabase}
    steps.run(commands, environment)


def first_admin(steps: Steps, environment: Mapping[str, str]) -> None:
    """Make an admin where there is none, and show the password this once."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        known = connection.execute("SELECT 1 FROM auth_user WHERE is_superuser LIMIT 1")
        if known.fetchone() is not None:
            return
    password = secrets.token_urlsafe(12)
    login = {
        "DJANGO_SUPERUSER_USERNAME": ADMIN,
        "DJANGO_SUPERUSER_EMAIL": f"{ADMIN}@localhost",
        "DJANGO_SUPERUSER_PASSWORD": password,
    }
    create = [*_MANAGE, "createsuperuser", "--noinput", "--verbosity", "0"]
    steps.run({"createsuperuser": create}, {**environment, **login})
    say(f"made the first admin: user {ADMIN}, password {password} (shown only now)")
