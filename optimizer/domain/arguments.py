"""A function's arguments, or query parameters, in one canonical form that JSON can hold."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from optimizer.errors import QueryError

_PLAIN = (str, int, float, bool, type(None))
_TEXTS = (UUID, Decimal, date, datetime, time)


def canonical(value: Any) -> Any:
    """Give equal questions equal forms, and different ones different forms.

    Mappings may differ in order; types are told apart, so that 1, "1" and True are three questions.
    Raises QueryError for a type of which that cannot be said.
    """
    if isinstance(value, Enum):
        return [_name(value), value.name]
    if type(value) in _PLAIN:
        return value if isinstance(value, str) else [_name(value), repr(value)]
    if type(value) in _TEXTS:
        return [_name(value), str(value)]
    if isinstance(value, Mapping):
        return ["dict", sorted(([canonical(k), canonical(v)] for k, v in value.items()), key=repr)]
    if isinstance(value, list | tuple):
        return [_name(value), [canonical(item) for item in value]]
    if isinstance(value, set | frozenset):
        return ["set", sorted(map(repr, map(canonical, value)))]
    raise QueryError(
        f"a value of type {type(value).__qualname__} cannot be part of a cache key: pass its id, "
        "or plain values"
    )


def _name(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
