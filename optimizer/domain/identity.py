"""Which stored row is which sent row, and whether it holds what was sent.

PostgreSQL writes values in forms of its own: a UUID in small letters, a number without leading
zeros, an instant in the session's zone. What is equal in another form counts as equal.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from optimizer.domain.chunks import Key, Row

_ABSENT = object()


def key_of(row: Row, columns: Sequence[str]) -> Key | None:
    """The row's key as texts; None where it lacks one of the columns, or has no value in it."""
    values = [row.get(column) for column in columns]
    if not values or any(value is None for value in values):
        return None
    return tuple(text_of(value) for value in values)


def text_of(value: Any) -> str:
    """A value as PostgREST's filters write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def pair(
    wanted: Sequence[Key], rows: Iterable[Row], columns: Sequence[str], *, once: bool = True
) -> list[Row | None]:
    """For each key the row that has it, or None; each row only `once`, if that is asked for.

    Equal texts go first, so that `07` and `7` find their own where both are texts.
    """
    left = [(key, row) for row in rows if (key := key_of(row, columns)) is not None]
    found: list[Row | None] = [None] * len(wanted)
    for form in (_as_it_is, _canonical_key):
        by_key: dict[Hashable, list[tuple[Key, Row]]] = defaultdict(list)
        for item in left:
            by_key[form(item[0])].append(item)
        for place, key in enumerate(wanted):
            if found[place] is None and (items := by_key.get(form(key))):
                found[place] = items.pop(0)[1] if once else items[0][1]
        left = [item for items in by_key.values() for item in items]
    return found


def holds(stored: Row, sent: Row) -> bool:
    """Whether a stored row has every value that was sent."""
    return all(same(value, stored.get(name, _ABSENT)) for name, value in sent.items())


def same(sent: Any, stored: Any) -> bool:
    """Whether a stored value is the one that was sent, in whatever form it came back."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return sent.keys() == stored.keys() and holds(stored, sent)
    if isinstance(sent, list) and isinstance(stored, list):
        return len(sent) == len(stored) and all(map(same, sent, stored))
    if isinstance(sent, str | int | float) and isinstance(stored, str | int | float):
        return _canonical(text_of(sent)) == _canonical(text_of(stored))
    return sent is None and stored is None


def _as_it_is(key: Key) -> Hashable:
    return key


def _canonical_key(key: Key) -> Hashable:
    return tuple(map(_canonical, key))


def _canonical(text: str) -> Hashable:
    for read in _FORMS:
        try:
            return read(text)
        except (ValueError, InvalidOperation):
            continue
    return text.rstrip(" ")  # char(n) is filled up


def _number(text: str) -> Hashable:
    number = Decimal(text)
    if "_" in text or not number.is_finite():  # Python's own forms, not PostgreSQL's
        raise ValueError(text)
    return number


def _uuid(text: str) -> Hashable:
    return UUID(text)


def _instant(text: str) -> Hashable:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_FORMS: tuple[Callable[[str], Hashable], ...] = (_number, _uuid, _instant)
