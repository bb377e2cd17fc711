"""On what a figure was measured: the machine and the versions that matter."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import psutil

from canvalo.devstack import wheels

_PACKAGES = ("django", "django-ninja", "httpx", "psycopg", "redis", "hiredis", "supabase")
_SERVERS = ("uvicorn", "uvloop", "httptools")


def describe() -> str:
    """Several lines: machine, system, servers, packages."""
    return "\n".join(
        [
            f"machine     {_processor()}, {os.cpu_count()} cores, {_memory()}",
            f"system      {platform.platform()}, Python {platform.python_version()}",
            f"servers     PostgreSQL {wheels.postgres_version()}, Valkey {_valkey()}",
            f"packages    {_versions(_PACKAGES)}",
            f"            {_versions(_SERVERS)}",
        ]
    )


def _processor() -> str:
    """The processor's model, where the system tells it."""
    if (info := Path("/proc/cpuinfo")).exists():
        for line in info.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    return f"{psutil.virtual_memory().total / 1e9:.0f} GB"


def _valkey() -> str:
    """The program's own word, since the wheel's version counts differently."""
    asked = [str(wheels.valkey()), "--version"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    words = dict(word.split("=", 1) for word in said.split() if "=" in word)
    return words.get("v", "?")


def _versions(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
