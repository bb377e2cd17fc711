"""The record of changes: which fields of a setting became what, by whom, and as what they are kept.

Every field that an operator can edit is recorded as text, in a form that `restored` reads back.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Field, Model
from django.utils.text import capfirst

from optimizer.models import (
    ChangeKind,
    EngineSetting,
    FunctionSettings,
    Recipient,
    SettingsChange,
    TableSettings,
)

ENGINE = "engine"  # the subject of changes that no table is the subject of
PRIVATE = frozenset({"recipients", "address"})  # shown as a number, kept for taking back
_SIGNATURES = frozenset({"by", "author"})  # who did it is in the record itself


def fields_of(kind: type[Model]) -> list["Field[Any, Any]"]:
    """The fields of a setting but those that fill themselves, those of many values last."""
    one = [f for f in kind._meta.concrete_fields if not f.primary_key and not _own(f)]
    return [f for f in (*one, *kind._meta.many_to_many) if f.name not in _SIGNATURES]


def snapshot(row: Model) -> dict[str, str]:
    """What the fields of a row are, as text."""
    return {field.name: _text(row, field) for field in fields_of(type(row))}


def record(
    before: Mapping[str, str] | None,
    after: Mapping[str, str] | None,
    row: Model,
    by: User | None,
    undoes: uuid.UUID | None = None,
) -> None:
    """Record each field that differs, under one name; None is a row that is not there."""
    shared = {
        "subject": subject(row), "model": type(row)._meta.model_name or "", "row": row.pk, "by": by,
        "kind": _kind(before, after), "together": uuid.uuid4(), "undoes": undoes,
    }  # fmt: skip
    plain = snapshot(type(row)())
    old, new = (plain if seen is None else seen for seen in (before, after))
    if isinstance(row, EngineSetting):  # its value is the setting, its name is what it is called
        old, new = ({row.name: (seen or {}).get("value", "")} for seen in (before, after))
    SettingsChange.objects.bulk_create(
        SettingsChange(name=name, **shared, **_columns(name, old[name], text))
        for name, text in new.items()
        if text != old[name]
    )


def note(
    about: str, name: str, after: str, by: User | None, kind: ChangeKind = ChangeKind.CHANGED
) -> None:
    """Record what was done for good: it cannot be taken back."""
    SettingsChange.objects.create(subject=about[:130], name=name, after=after, by=by, kind=kind)


def subject(row: Model) -> str:
    """What a setting is a setting of, as the record and the charts call it."""
    if isinstance(row, TableSettings):
        return row.relation
    if isinstance(row, FunctionSettings):
        return f"{row.name}()"
    if isinstance(row, EngineSetting):
        return ENGINE
    if isinstance(row, Recipient):
        return f"Recipient {row.pk}"  # what it is called is an address
    return capfirst(f"{row._meta.verbose_name} {row}")[:130]


def give(row: Model, name: str, text: str) -> None:
    """Set one field to what the record says; fields of many values are set once it is stored."""
    field = row._meta.get_field(name)
    empty = text == "" and getattr(field, "null", False)
    setattr(row, name, None if empty else field.to_python(text))  # type: ignore[union-attr]


def _own(field: "Field[Any, Any]") -> bool:
    """Whether a field notes by itself when its row was stored."""
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def keys_in(text: str) -> list[int]:
    """The rows that a field of many values named."""
    return [int(key) for key in text.split(",") if key]


def _kind(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if after is None else ChangeKind.CHANGED


def _text(row: Model, field: "Field[Any, Any]") -> str:
    if field.many_to_many:
        keys = getattr(row, field.name).values_list("pk", flat=True) if row.pk else ()
        return ",".join(map(str, sorted(keys)))
    value = getattr(row, field.attname)
    return "" if value is None else str(value)


def _columns(name: str, before: str, after: str) -> dict[str, str]:
    if name not in PRIVATE:
        return {"before": before, "after": after}
    return {
        "before": _counted(before), "after": _counted(after),
        "private_before": before, "private_after": after,
    }  # fmt: skip


def _counted(addresses: str) -> str:
    number = len([part for part in addresses.replace(",", "\n").splitlines() if part.strip()])
    return f"{number} address{'' if number == 1 else 'es'}"
