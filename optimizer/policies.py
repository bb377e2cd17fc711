"""Run-time settings in the database: reading them, changing them, telling every process."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, transaction

from optimizer import audit
from optimizer.conf import VERSION_KEY, Overrides, TableOverride
from optimizer.declarations import declared_by, routine_of
from optimizer.defaults import checked
from optimizer.domain.relation import names_in
from optimizer.domain.ttl import SharedBy
from optimizer.errors import ConfigurationError
from optimizer.models import EngineSetting, FunctionSettings, TableSettings

logger = logging.getLogger(__name__)

Setting = TableSettings | FunctionSettings | EngineSetting


def load(version: str) -> Overrides:
    """Read all run-time settings; `version` is the stamp that was read before them."""
    tables = {row.relation: _override(row) for row in TableSettings.objects.all()}
    routines = {row.name: routine_of(row) for row in FunctionSettings.objects.all()}
    return Overrides(version, tables, _engine(), routines)


def load_alone(version: str) -> Overrides:
    """Like `load`, in a thread that leaves no connection of its own behind."""
    try:
        return load(version)
    finally:
        connections.close_all()


@transaction.atomic
def save(row: Setting, by: User | None, undoes: UUID | None = None) -> None:
    """Store a setting of a table, a function or the engine, record it, and tell every process."""
    old = type(row).objects.filter(pk=row.pk).first()
    row.full_clean()
    row.save()
    before = audit.snapshot(old) if old else None
    audit.record(before, audit.snapshot(row), row, by, undoes)
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def delete(row: Setting, by: User | None, undoes: UUID | None = None) -> None:
    """Return a table, a switch or a limit to its default, record it, and tell every process."""
    audit.record(audit.snapshot(row), None, row, by, undoes)
    row.delete()
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def update(changes: Mapping[str, Any], by: User | None) -> Overrides:
    """Store switches and limits by name, None for the environment's, and tell every process."""
    for name, value in changes.items():
        row = EngineSetting.objects.filter(name=name).first() or EngineSetting(name=name)
        if value is not None:
            row.value = str(value)
            save(row, by)
        elif row.pk:
            delete(row, by)
    return load("")


def update_alone(changes: Mapping[str, Any], by: User | None) -> Overrides:
    """Like `update`, in a thread that leaves no connection of its own behind."""
    try:
        return update(changes, by)
    finally:
        connections.close_all()


def announce() -> None:
    """Move the version stamp; a process that cannot hear it asks the database anyway.

    That it cannot be moved is logged by Django: the change itself is stored and holds.
    """
    client = redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2)
    try:
        client.set(VERSION_KEY, secrets.token_hex(8))
    finally:
        client.close()


def _engine() -> dict[str, Any]:
    """Switches and limits in their types; one that no longer exists or fits is passed over."""
    found = {}
    for row in EngineSetting.objects.all():
        try:
            found[row.name] = checked(row.name, row.value)
        except ConfigurationError as error:
            logger.warning("a stored setting is not obeyed: %s", error)
    return found


def _override(row: TableSettings) -> TableOverride:
    sources = names_in(row.sources)
    return TableOverride(
        row.ttl_seconds, row.enabled, sources, row.strict, row.stale_if_error_seconds,
        row.stale_while_revalidate_seconds, row.negative_ttl_seconds, SharedBy(row.shared_by),
        declared_by(row),
    )  # fmt: skip
