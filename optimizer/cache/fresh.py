"""Fresh objects out of one that is kept: the cheapest copy that is right for the value's shape.

What is kept is never handed out, so no caller can change what the next one gets. What cannot be
changed is shared; containers are copied, each by what its content needs.
"""

import datetime
import decimal
import enum
import pickle
import uuid
from collections.abc import Callable, Iterable
from typing import Any

Make = Callable[[], Any]

_SHARED = frozenset(
    {
        str, int, float, bool, complex, bytes, type(None), datetime.datetime, datetime.date,
        datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID,
    }
)  # fmt: skip


def maker(value: Any) -> Make:
    """What makes an equal value each time it is called; nothing of it can be changed for others.

    `value` itself must not be changed afterwards.
    """
    return _maker(value) or (lambda: value)


def _maker(value: Any) -> Make | None:
    """How to make it; None where it cannot be changed, and so may be shared."""
    kind = type(value)
    if kind in _SHARED or isinstance(value, enum.Enum):
        return None
    if kind is dict:
        return _container(value, value.items())
    if kind is list:
        return _rows(value) if _all_dicts(value) else _container(value, enumerate(value))
    if kind in (tuple, frozenset) and all(_maker(item) is None for item in value):
        return None
    if kind is set and all(_maker(item) is None for item in value):
        return value.copy  # type: ignore[no-any-return]
    # Within this process alone, of what it made itself: nothing else is ever unpickled.
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return lambda: pickle.loads(data)  # noqa: S301


def _container(value: Any, items: Iterable[tuple[Any, Any]]) -> Make:
    deep = _deep(items)
    if not deep:
        return value.copy  # type: ignore[no-any-return]

    def make() -> Any:
        fresh = value.copy()
        for place, item in deep:
            fresh[place] = item()
        return fresh

    return make


def _rows(rows: list[dict[Any, Any]]) -> Make:
    """Rows as PostgREST gives them: most have nothing but plain values in them."""
    deep = [(at, name, make) for at, row in enumerate(rows) for name, make in _deep(row.items())]
    flat = dict.copy
    if not deep:
        return lambda: list(map(flat, rows))

    def make_rows() -> list[dict[Any, Any]]:
        fresh = list(map(flat, rows))
        for at, name, make in deep:
            fresh[at][name] = make()
        return fresh

    return make_rows


def _deep(items: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Make]]:
    return [(place, make) for place, item in items if (make := _maker(item)) is not None]


def _all_dicts(value: list[Any]) -> bool:
    return bool(value) and all(type(row) is dict for row in value)
