"""Run-time settings in the database: reading them, changing them, telling every process."""

import secrets
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, transaction

from optimizer.conf import Overrides, TableOverride
from optimizer.models import SettingsChange, TableSettings

VERSION_KEY = "{canvalo}:settings-version"
AUDITED = ("relation", "ttl_seconds", "enabled", "sources")


def load(version: str) -> Overrides:
    """Read all run-time settings; `version` is the stamp that was read before them."""
    rows = TableSettings.objects.all()
    return Overrides(version, {row.relation: _override(row) for row in rows})


def load_alone(version: str) -> Overrides:
    """Like `load`, in a thread that leaves no connection of its own behind."""
    try:
        return load(version)
    finally:
        connections.close_all()


@transaction.atomic
def save(row: TableSettings, by: User | None) -> None:
    """Store a table's settings, record each changed field, and tell every process."""
    old = TableSettings.objects.filter(pk=row.pk).first()
    row.full_clean()
    row.save()
    _record(row.relation, _fields(old), _fields(row), by)
    transaction.on_commit(announce)


@transaction.atomic
def delete(row: TableSettings, by: User | None) -> None:
    """Return a table to the defaults, record it, and tell every process."""
    _record(row.relation, _fields(row), _fields(None), by)
    row.delete()
    transaction.on_commit(announce)


def announce() -> None:
    """Move the version stamp; a process that cannot hear it asks the database anyway."""
    client = redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2)
    try:
        client.set(VERSION_KEY, secrets.token_hex(8))
    finally:
        client.close()


def _override(row: TableSettings) -> TableOverride:
    sources = tuple(part.strip() for part in row.sources.split(",") if part.strip())
    return TableOverride(row.ttl_seconds, row.enabled, sources)


def _fields(row: TableSettings | None) -> Mapping[str, str]:
    values: Mapping[str, Any] = {name: getattr(row, name, None) for name in AUDITED}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _record(
    subject: str, before: Mapping[str, str], after: Mapping[str, str], by: User | None
) -> None:
    for name in AUDITED:
        if before[name] != after[name]:
            SettingsChange.objects.create(
                subject=subject, name=name, before=before[name], after=after[name], by=by
            )
