"""A wheel of this checkout, and a virtual environment that has it and knows no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import uuid

import pytest

from canvalo.devstack.postgres import APPLICATION
from tests.packaging.pages import code_of
from tests.stack import PROJECT

SHIPPED = ("pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("optimizer", "canvalo", "dashboard", "tests", "benchmarks", "templates", "static")
BASE_SETTINGS = """
import os

from psycopg.conninfo import conninfo_to_dict

SECRET_KEY = "of-a-foreign-project"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = [
    f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages")
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
SESSION_COOKIE_NAME = "shop_session"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
STATIC_URL = "static/"
USE_TZ = True
_found = conninfo_to_dict(os.environ["DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": _found["dbname"],
    "USER": _found["user"],
    "HOST": _found["host"],
}}
"""


def run(*command, folder, env=None, fails=False):
    """Run a program to its end; its two outputs, which an unwanted end is reported with."""
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    said = done.stdout + done.stderr
    assert (done.returncode != 0) is fails, said
    return said


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Built from a copy, so that the checkout keeps no traces of it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in SHIPPED:
        shutil.copy(PROJECT / name, source)
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(PROJECT / name, source / name, ignore=ignored)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir")
    run(*pip, str(built), ".", folder=source)
    return next(built.glob("canvalo-*.whl"))


@pytest.fixture(scope="session")
def python(wheel, tmp_path_factory):
    """An interpreter with the wheel, and the dependencies of ours without our checkout.

    A folder that a .pth file names is not searched for .pth files of its own.
    """
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), folder=folder)
    made = str(folder / "bin" / "python")
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = (sys.executable, "-m", "pip", "--python", made, "install", "--quiet", "--no-index")
    run(*pip, "--no-deps", "--force-reinstall", str(wheel), folder=folder)
    return made


@pytest.fixture
def environment(stack, supabase, fresh_valkey):
    """What a stranger's process knows: addresses and keys, and nothing of ours."""
    return {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": supabase.url,
        "SUPABASE_ANON_KEY": supabase.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": supabase.service_role_key,
        "SUPABASE_JWT_SECRET": supabase.jwt_secret,
        "VALKEY_URL": fresh_valkey,
    }


@pytest.fixture
def pages(tmp_path):
    """A folder with the page's files, and nothing else."""
    for name, code in code_of("reuse.md").items():
        (tmp_path / name).write_text(code)
    return tmp_path


@pytest.fixture
def shop(pages, environment, stack, supabase_sql, python):
    """Runs commands of a foreign Django project whose database is empty."""
    name = f"shop_{uuid.uuid4().hex[:8]}"
    supabase_sql().execute(f'CREATE DATABASE "{name}" OWNER "{APPLICATION}"')
    settings = pages / "settings.py"
    settings.write_text(BASE_SETTINGS + settings.read_text())
    found = {**environment, "DATABASE_URL": stack.postgres.url(name)}
    found["DJANGO_SETTINGS_MODULE"] = "settings"

    def command(*arguments, fails=False, **more):
        manage = (python, "-m", "django", *arguments)
        return run(*manage, folder=pages, env={**found, **more}, fails=fails)

    yield command
    supabase_sql().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
