"""The rules by which a newer version and the old one use one database for a while."""

from collections.abc import Iterator

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddField,
    AddIndex,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
)
from django.db.migrations.operations.base import Operation
from django.db.models import BooleanField, Index, TextField

# Before these nobody ran two versions at once.
SINCE = {"optimizer": 15, "canvalo": 3, "dashboard": 1}
TAKES_AWAY = (DeleteModel, RemoveField, RenameField, RenameModel)


def breaks(operation: Operation) -> str:
    """What the old version could not live with; nothing where it can."""
    if isinstance(operation, TAKES_AWAY):
        return f"{operation.describe()}: the old version still reads it"
    if isinstance(operation, AddIndex) and not isinstance(operation, AddIndexConcurrently):
        return f"{operation.describe()}: its writes would wait until the index is made"
    if isinstance(operation, AddField):
        field = operation.field
        if not (field.null or field.has_db_default() or field.many_to_many):
            return f"{operation.describe()}: rows that the old version writes have no value for it"
    return ""


def recent() -> Iterator[Migration]:
    """The migrations that hold to the rules."""
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in SINCE and int(name[:4]) >= SINCE[app]:
            yield migration


def test_the_old_version_can_live_with_every_migration():
    """It adds, with a default of the database or with NULL; see docs/deployment.md."""
    found = [f"{m}: {why}" for m in recent() for one in m.operations if (why := breaks(one))]
    assert found == []


@pytest.mark.parametrize(
    ("operation", "fits"),
    [
        (AddField("rule", "note", TextField(null=True)), True),
        (AddField("rule", "some", BooleanField(default=False, db_default=False)), True),
        (AddField("rule", "some", BooleanField(default=False)), False),
        (AddIndexConcurrently("rule", Index(fields=["name"], name="by_name")), True),
        (AddIndex("rule", Index(fields=["name"], name="by_name")), False),
        (RemoveField("rule", "note"), False),
        (RenameField("rule", "note", "text"), False),
    ],
    ids=lambda given: given.describe() if isinstance(given, Operation) else "",
)
def test_what_breaks_it_is_found(operation, fits):
    """The check can fail."""
    assert (breaks(operation) == "") is fits
