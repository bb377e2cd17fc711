"""Single values: from the text of a filter and from the JSON of a row to one comparable form.

Equal values of PostgreSQL have equal forms, and where its order is certain the forms are ordered
alike. Everything raises Undecided where that is not plain.
"""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from optimizer.domain.sql import times
from optimizer.domain.sql.kinds import Kind
from optimizer.domain.sql.truth import Undecided

_SPACE = " \t\n\r\v\f"
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}", re.ASCII)
_SPECIAL = {"nan": 2, "infinity": 1, "inf": 1, "+infinity": 1, "+inf": 1, "-infinity": -1}
_SPECIAL |= {"-inf": -1}
_TRUE = {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}
_FALSE = {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}

Number = tuple[int, Decimal | float]  # rank: -1, 0, 1, 2 for -infinity, finite, infinity, NaN


def text(value: Any) -> str:
    """A text that PostgreSQL can hold, as it is."""
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise Undecided
    return value


def integer(value: Any) -> int:
    """An integer; forms such as 0x1F and 1_000, which depend on the version, are undecided."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(found := value.strip(_SPACE)):
        return int(found)
    raise Undecided


def numeric(value: Any) -> Number:
    """An exact number. A float has lost digits already: read JSON with `parse_float=Decimal`."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return 0, Decimal(value)
    if not isinstance(value, str):
        raise Undecided
    found = value.strip(_SPACE)
    if found.lower() in _SPECIAL:
        return _SPECIAL[found.lower()], Decimal(0)
    if len(found) > 300 or not _NUMBER.fullmatch(found):
        raise Undecided
    return 0, Decimal(found)


def double(value: Any) -> Number:
    """A double; what over- or underflows is undecided."""
    if isinstance(value, float):
        return 0, value
    rank, exact = numeric(value)
    found = float(exact)
    if math.isinf(found) or (found == 0 and exact != 0) or 0 < abs(found) < 1e-300:
        raise Undecided
    return rank, found


def boolean(value: Any) -> bool:
    """A boolean; a text may be cut short, as in PostgreSQL."""
    if isinstance(value, bool):
        return value
    word = value.strip(_SPACE).lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise Undecided
    return word in _TRUE


def uuid(value: Any) -> str:
    """A UUID as 32 hexadecimal digits."""
    word = value.lower() if isinstance(value, str) else ""
    if word.startswith("{") and word.endswith("}"):
        word = word[1:-1]
    if not _UUID.fullmatch(word):
        raise Undecided
    return word.replace("-", "")


_READERS: dict[str, Callable[[Any], Any]] = {
    "int": integer,
    "numeric": numeric,
    "float": double,
    "bool": boolean,
    "text": text,
    "uuid": uuid,
    "date": times.day,
    "timestamp": times.moment,
    "timestamptz": times.instant,
}


def read(kind: Kind, value: Any) -> Any:
    """The form of a value, given as a filter's text or as a row's JSON."""
    if kind.name == "enum":
        return _place(kind, value)
    if kind.name not in _READERS:
        raise Undecided
    return _READERS[kind.name](value)


def _place(kind: Kind, value: Any) -> int:
    """An enum's value is its place among the labels, which is how it is ordered."""
    if value not in kind.labels:
        raise Undecided
    return kind.labels.index(value)
