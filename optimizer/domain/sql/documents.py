"""jsonb: equality and containment, exactly as PostgreSQL defines them."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from optimizer.domain.sql.scalars import text
from optimizer.domain.sql.truth import Undecided

DEEPEST = 60  # levels that are looked at


def loads(source: str | bytes) -> Any:
    """Read JSON without losing a digit. Raises ValueError."""
    return json.loads(source, parse_float=Decimal, parse_constant=_no_json)


def _no_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def document(source: str) -> Any:
    """The text of a filter's operand as a document."""
    try:
        return normal(loads(text(source)))
    except (ValueError, RecursionError):
        raise Undecided from None


def normal(value: Any, depth: int = 0) -> Any:
    """A document in a form in which equal ones are equal.

    Scalars carry their type, because Python takes 1 for True.
    """
    if depth > DEEPEST:
        raise Undecided
    if isinstance(value, dict):
        return {text(key): normal(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool):
        return ("word", value)
    if isinstance(value, int | Decimal):
        return ("number", Decimal(value))
    return ("text", text(value))


def contains(whole: Any, part: Any) -> bool:
    """Whether `whole @> part`; an array contains a scalar too, at the top only."""
    if isinstance(whole, list) and isinstance(part, tuple):
        return part in whole
    return _contains(whole, part)


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _contains(whole[key], item) for key, item in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(_contains(own, item) for own in whole) for item in part)
    return bool(whole == part)
