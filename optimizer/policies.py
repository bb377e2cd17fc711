"""Run-time settings in the database: reading them, changing them, telling every process."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, transaction

from optimizer.conf import VERSION_KEY, Overrides, TableOverride
from optimizer.declarations import declared_by, names_in, routine_of
from optimizer.defaults import checked
from optimizer.domain.ttl import SharedBy
from optimizer.errors import ConfigurationError
from optimizer.models import (
    EngineSetting,
    FunctionSettings,
    SettingsChange,
    TableSettings,
)

logger = logging.getLogger(__name__)

ENGINE = "engine"  # the subject of changes that no table is the subject of
AUDITED = (
    "relation", "ttl_seconds", "enabled", "sources", "strict", "stale_if_error_seconds",
    "stale_while_revalidate_seconds", "negative_ttl_seconds", "shared_by", "fine_grain", "writes",
    "rewritten_columns", "exact_text", "owner_column",
)  # fmt: skip


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
def save(row: TableSettings, by: User | None) -> None:
    """Store a table's settings, record each changed field, and tell every process."""
    old = TableSettings.objects.filter(pk=row.pk).first()
    row.full_clean()
    row.save()
    _record(row.relation, _fields(old), _fields(row), by)
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def delete(row: TableSettings, by: User | None) -> None:
    """Return a table to the defaults, record it, and tell every process."""
    _record(row.relation, _fields(row), _fields(None), by)
    row.delete()
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def save_function(row: FunctionSettings, by: User | None) -> None:
    """Store what a function reads and writes, record it, and tell every process."""
    old = FunctionSettings.objects.filter(pk=row.pk).first()
    row.full_clean()
    row.save()
    _record_function(row.name, old, row, by)


@transaction.atomic
def delete_function(row: FunctionSettings, by: User | None) -> None:
    """Take back what was declared of a function, record it, and tell every process."""
    _record_function(row.name, row, None, by)
    row.delete()


def _record_function(
    name: str, old: FunctionSettings | None, new: FunctionSettings | None, by: User | None
) -> None:
    for field in ("reads", "writes"):
        before, after = (str(getattr(row, field, "")) for row in (old, new))
        _record_one(f"{name}()", field, before, after, by)
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def update(changes: Mapping[str, Any], by: User | None) -> Overrides:
    """Store switches and limits by name, None for the environment's, and tell every process."""
    for name, value in changes.items():
        row = EngineSetting.objects.filter(name=name).first() or EngineSetting(name=name)
        if value is not None:
            row.value = str(value)
            save_engine(row, by)
        elif row.pk:
            delete_engine(row, by)
    return load("")


def update_alone(changes: Mapping[str, Any], by: User | None) -> Overrides:
    """Like `update`, in a thread that leaves no connection of its own behind."""
    try:
        return update(changes, by)
    finally:
        connections.close_all()


@transaction.atomic
def save_engine(row: EngineSetting, by: User | None) -> None:
    """Store one switch or limit, record it, and tell every process."""
    old = EngineSetting.objects.filter(pk=row.pk).first()
    row.full_clean()
    row.save()
    _record_one(ENGINE, row.name, old.value if old else "", row.value, by)
    transaction.on_commit(announce, robust=True)


@transaction.atomic
def delete_engine(row: EngineSetting, by: User | None) -> None:
    """Return one switch or limit to the environment's value, record it, tell every process."""
    _record_one(ENGINE, row.name, row.value, "", by)
    row.delete()
    transaction.on_commit(announce, robust=True)


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


def _fields(row: TableSettings | None) -> Mapping[str, str]:
    row = row or TableSettings()  # a table without a row has the defaults
    values: Mapping[str, Any] = {name: getattr(row, name) for name in AUDITED}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _record(
    subject: str, before: Mapping[str, str], after: Mapping[str, str], by: User | None
) -> None:
    for name in AUDITED:
        _record_one(subject, name, before[name], after[name], by)


def _record_one(subject: str, name: str, before: str, after: str, by: User | None) -> None:
    if before != after:
        SettingsChange.objects.create(subject=subject, name=name, before=before, after=after, by=by)
