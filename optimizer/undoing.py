"""Taking a change back: what was saved at once goes back at once, and that is a change too.

Nothing is taken back over the head of somebody who has changed the same since.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from optimizer import audit, policies
from optimizer.models import ChangeKind, EngineSetting, SettingsChange, TableSettings

_NEEDS = {ChangeKind.ADDED: "delete", ChangeKind.CHANGED: "change", ChangeKind.REMOVED: "add"}
_Values = dict[str, str]


class UndoRefused(Exception):  # noqa: N818 - an answer more than a fault
    """Why a change cannot be taken back."""


def permission_for(change: SettingsChange) -> str | None:
    """The right that taking it back needs; None where it cannot be taken back at all."""
    verb = _NEEDS.get(ChangeKind(change.kind))
    return f"optimizer.{verb}_{change.model}" if verb and change.together else None


@transaction.atomic
def undo(together: UUID, by: User | None) -> list[SettingsChange]:
    """Take back what was saved at once; raises UndoRefused, and then nothing is changed."""
    changes = list(SettingsChange.objects.select_for_update(of=("self",)).filter(together=together))
    if not changes or permission_for(changes[0]) is None:
        raise UndoRefused("This cannot be taken back.")
    if SettingsChange.objects.filter(undoes=together).exists():
        raise UndoRefused("It was taken back already.")
    try:
        _TAKE_BACK[ChangeKind(changes[0].kind)](changes, together, by)
    except ValidationError as error:
        raise UndoRefused(" ".join(error.messages)) from error
    return changes


def _remove(changes: Sequence[SettingsChange], undoes: UUID, by: User | None) -> None:
    row = _as_it_was_left(changes)
    if isinstance(row, policies.Setting):
        policies.delete(row, by, undoes)
    else:
        audit.record(audit.snapshot(row), None, row, by, undoes)
        row.delete()


def _restore(changes: Sequence[SettingsChange], undoes: UUID, by: User | None) -> None:
    kind = _kind(changes[0])
    if _stored(changes[0]) is not None:
        raise UndoRefused("There is such a setting again.")
    _store(kind(pk=changes[0].row), changes, undoes, by)


def _change_back(changes: Sequence[SettingsChange], undoes: UUID, by: User | None) -> None:
    _store(_as_it_was_left(changes), changes, undoes, by)


_TAKE_BACK: dict[ChangeKind, Callable[[Sequence[SettingsChange], UUID, User | None], None]] = {
    ChangeKind.ADDED: _remove,
    ChangeKind.CHANGED: _change_back,
    ChangeKind.REMOVED: _restore,
}


def _store(row: Model, changes: Sequence[SettingsChange], undoes: UUID, by: User | None) -> None:
    """Give the row what it had before, and store it as its kind is stored."""
    old = _stored(changes[0])
    before = audit.snapshot(old) if old else None
    many = {f.name for f in type(row)._meta.many_to_many}
    values = _values(row, changes)
    for name in values.keys() - many:
        audit.give(row, name, values[name])
    if isinstance(row, policies.Setting):
        policies.save(row, by, undoes)
        return
    row.full_clean()
    row.save()
    for name in values.keys() & many:
        getattr(row, name).set(audit.keys_in(values[name]))
    audit.record(before, audit.snapshot(row), row, by, undoes)


def _values(row: Model, changes: Sequence[SettingsChange]) -> _Values:
    """What the fields were before; a switch's own name stands where others have the field's."""
    if isinstance(row, EngineSetting):
        return {"name": changes[0].name, "value": changes[0].before}
    return {c.name: c.private_before if c.name in audit.PRIVATE else c.before for c in changes}


def _left(row: Model, changes: Sequence[SettingsChange]) -> _Values:
    """What these changes left in the fields that they speak of; of a new row, in all of them."""
    if isinstance(row, EngineSetting):
        return {"value": changes[0].after}
    plain = audit.snapshot(type(row)()) if changes[0].kind == ChangeKind.ADDED else {}
    said = {c.name: c.private_after if c.name in audit.PRIVATE else c.after for c in changes}
    return {**plain, **said}


def _as_it_was_left(changes: Sequence[SettingsChange]) -> Model:
    """The row as these changes left it; raises UndoRefused where it is another by now."""
    row = _stored(changes[0])
    if row is None:
        raise UndoRefused("What was changed is not there any more.")
    now = audit.snapshot(row)
    for name, text in _left(row, changes).items():
        if now.get(name) != text:
            raise UndoRefused(f"{name} was changed again since: take back the later change first.")
    return row


def _kind(change: SettingsChange) -> type[Model]:
    try:
        return apps.get_model("optimizer", change.model)
    except LookupError as error:
        raise UndoRefused("This version knows no such setting.") from error


def _stored(change: SettingsChange) -> Model | None:
    """The row in question; of a table or a switch also one that was made anew under its name."""
    kind = _kind(change)
    by_name = {TableSettings: "relation", EngineSetting: "name"}.get(kind)
    found: Model | None = kind._default_manager.filter(pk=change.row).first()
    if found is None and by_name:
        named = change.subject if kind is TableSettings else change.name
        found = kind._default_manager.filter(**{by_name: named}).first()
    return found
