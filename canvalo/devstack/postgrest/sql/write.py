# ruff: noqa: S608 - writing SQL is what this file does; values are parameters
"""Writes → INSERT, UPDATE, DELETE with what they return."""

from ..plan.nodes import Term
from ..plan.write import Write
from ..request import Action
from . import payload
from .conditions import condition, where, where_all
from .fragments import Parameters, column, identifier, identifiers, qualified, setting

INSERTED = "pgrst.inserted"


def statement(p: Parameters, write: Write) -> str:
    """The statement that changes rows."""
    if write.action is Action.DELETE:
        return _delete(p, write)
    return _update(p, write) if write.action is Action.UPDATE else _insert(p, write)


def inserted() -> str:
    """How many rows of an upsert were new, once it is done."""
    return f"coalesce({setting(INSERTED)}::bigint, 0)"


def _insert(p: Parameters, write: Write) -> str:
    names = [term.name for term in write.columns]
    parts = [
        f"INSERT INTO {qualified(write.table.name)}",
        f"({identifiers(names)})" if names else "",
        f"SELECT {payload.names(write.columns)} FROM",
        payload.rows(p, write.payload, write.columns, write.defaults),
        where_all(_insert_conditions(p, write)),
        _on_conflict(write),
        _returning(write),
    ]
    return " ".join(part for part in parts if part)


def _insert_conditions(p: Parameters, write: Write) -> list[str]:
    counted = [_counted("+", "<> '0'")] if write.merges else []
    return counted + [condition(p, payload.BODY, test) for test in write.tests]


def _on_conflict(write: Write) -> str:
    if not write.conflict:
        return ""
    updates = write.merges and bool(write.columns)
    action = f"DO UPDATE SET {_excluded(write.columns)}" if updates else "DO NOTHING"
    return f"ON CONFLICT ({identifiers(write.conflict)}) {action}"


def _excluded(columns: tuple[Term, ...]) -> str:
    names = [identifier(term.name) for term in columns]
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in names)
    counted = _counted("-", "<> '-1'")
    return f"{updates} WHERE {counted}"


def _counted(sign: str, always_true: str) -> str:
    """Count the rows that were tried, less those that were there: works for views as well."""
    before = f"coalesce({setting(INSERTED)}::int, 0)"
    return f"set_config('{INSERTED}', ({before} {sign} 1)::text, true) {always_true}"


def _update(p: Parameters, write: Write) -> str:
    table = qualified(write.table.name)
    if not write.columns:  # nothing to set is no syntax; the columns keep `select` meaningful
        return f"SELECT {_returned(write) or 'NULL'} FROM {table} WHERE false"
    pairs = (
        f"{identifier(term.name)} = {column(payload.BODY, term.name)}" for term in write.columns
    )
    parts = [
        f"UPDATE {table} SET {', '.join(pairs)} FROM",
        payload.rows(p, write.payload, write.columns, write.defaults),
        where(p, write.table.name, write.tests),
        _returning(write),
    ]
    return " ".join(part for part in parts if part)


def _delete(p: Parameters, write: Write) -> str:
    conditions = where(p, write.table.name, write.tests)
    parts = [f"DELETE FROM {qualified(write.table.name)}", conditions, _returning(write)]
    return " ".join(part for part in parts if part)


def _returning(write: Write) -> str:
    return f"RETURNING {_returned(write) or '1'}"


def _returned(write: Write) -> str:
    return ", ".join(column(write.table.name, name) for name in write.returning)
