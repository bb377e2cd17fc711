"""Python values as bytes: what comes back is equal, type for type, or is refused.

Plain JSON stays JSON. Other types are written as `{"$": [name, …]}` within it. No class is ever
looked up by a name that comes from the shared tier: dataclasses, enumerations and pydantic models
are those that the function's return annotation names.
"""

import base64
import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic_core import from_json

from optimizer.errors import ValueNotCacheable

Models = Mapping[str, type]
NO_MODELS: Models = {}
_MARK, _MARKED = "$", b'"$"'
_EXACT = frozenset({str, int, bool, type(None)})
_TEXTS: Mapping[type, str] = {Decimal: "decimal", UUID: "uuid", date: "date"}
_READ_TEXT: Mapping[str, Any] = {"decimal": Decimal, "uuid": UUID, "date": date.fromisoformat}


def encode(value: Any, models: Models = NO_MODELS) -> bytes:
    """Write a value; raises ValueNotCacheable where reading it back would give another."""
    plain = is_plain(value)
    form = value if plain else _write(value, models, "the value")
    data = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
    encoded = data.encode("utf-8", "surrogatepass")
    if not plain and not _same(value, decode(encoded, models)):
        raise ValueNotCacheable("the value would not come back equal from the cache")
    return encoded


def decode(data: bytes, models: Models = NO_MODELS) -> Any:
    """Read a value back, as a fresh object; raises ValueNotCacheable for an unknown class."""
    form = _parsed(data)
    return form if _MARKED not in data else _read(form, models)


def _parsed(data: bytes) -> Any:
    """Read JSON: by the quicker parser what that one takes, so no lone surrogates, nothing deep."""
    try:
        return from_json(data)
    except ValueError:
        return json.loads(data.decode("utf-8", "surrogatepass"))


def is_plain(value: Any) -> bool:
    """Whether it holds JSON's own types alone, and nothing that looks like our marks."""
    kind = type(value)
    if kind is dict:
        return all(type(k) is str and k != _MARK and is_plain(v) for k, v in value.items())
    if kind is list:
        return all(map(is_plain, value))
    return kind in _EXACT or (kind is float and math.isfinite(value))


def _write(value: Any, models: Models, where: str) -> Any:
    kind = type(value)
    if kind in _EXACT or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [_write(item, models, f"{where}[{i}]") for i, item in enumerate(value)]
    if kind is dict and all(type(name) is str and name != _MARK for name in value):
        return {name: _write(item, models, f"{where}[{name!r}]") for name, item in value.items()}
    return {_MARK: _marked(value, kind, models, where)}


def _marked(value: Any, kind: type, models: Models, where: str) -> list[Any]:
    if kind in _TEXTS:
        return [_TEXTS[kind], str(value)]
    if kind is float:
        return ["float", repr(value)]
    if kind is datetime or kind is time:
        return [kind.__name__, *_moment(value, where)]
    if kind is timedelta:
        return ["timedelta", value.days, value.seconds, value.microseconds]
    if kind is bytes:
        return ["bytes", base64.b64encode(value).decode()]
    if kind in (tuple, set, frozenset):
        return [kind.__name__, [_write(item, models, f"{where}[…]") for item in value]]
    if kind is dict:
        pairs = value.items()
        return ["dict", [[_write(k, models, where), _write(v, models, where)] for k, v in pairs]]
    return _of_class(value, kind, models, where)


def _of_class(value: Any, kind: type, models: Models, where: str) -> list[Any]:
    name = name_of(kind)
    if models.get(name) is not kind:
        raise ValueNotCacheable(
            f"{where} is a {kind.__qualname__}, which does not come back from the cache as it went "
            "in; a dataclass, an Enum or a pydantic model does if the return annotation names it"
        )
    if issubclass(kind, Enum):
        return ["enum", name, value.name]
    if issubclass(kind, BaseModel):
        fields = {"fields": dict(value.__dict__), "extra": value.__pydantic_extra__}
        return ["model", name, _write(fields, models, where), sorted(value.model_fields_set)]
    own = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return ["dataclass", name, _write(own, models, where)]


def _moment(value: datetime | time, where: str) -> list[Any]:
    """A time as text; one in a zone with the zone's name, since an offset is not the zone."""
    zone = value.tzinfo
    if isinstance(zone, ZoneInfo) and zone.key:
        return [value.replace(tzinfo=None).isoformat(), value.fold, zone.key]
    if zone is not None and zone.utcoffset(None) is None:
        raise ValueNotCacheable(f"{where} is in a time zone that has no name")
    return [value.isoformat(), value.fold, ""]


def _read(form: Any, models: Models) -> Any:
    if isinstance(form, list):
        return [_read(item, models) for item in form]
    if not isinstance(form, dict):
        return form
    if _MARK not in form:
        return {name: _read(item, models) for name, item in form.items()}
    return _unmarked(*form[_MARK], models=models)


def _unmarked(name: str, *parts: Any, models: Models) -> Any:
    if name in _READ_TEXT:
        return _READ_TEXT[name](parts[0])
    match name:
        case "float":
            return float(parts[0])
        case "datetime" | "time":
            kind: Any = datetime if name == "datetime" else time
            found = kind.fromisoformat(parts[0])
            zone = ZoneInfo(parts[2]) if parts[2] else found.tzinfo
            return found.replace(tzinfo=zone, fold=parts[1])
        case "timedelta":
            return timedelta(*parts)
        case "bytes":
            return base64.b64decode(parts[0])
        case "tuple" | "set" | "frozenset":
            made: Any = {"tuple": tuple, "set": set, "frozenset": frozenset}[name]
            return made(_read(item, models) for item in parts[0])
        case "dict":
            return {_read(k, models): _read(v, models) for k, v in parts[0]}
    return _instance(name, _class(parts[0], models), parts[1:], models)


def _instance(how: str, kind: Any, parts: Any, models: Models) -> Any:
    """Made as it was, without running what a constructor would check or change."""
    if how == "enum":
        return kind[parts[0]]
    values = _read(parts[0], models)
    if how == "model":
        made = kind.model_construct(set(parts[1]), **values["fields"])
        if values["extra"] is not None:
            object.__setattr__(made, "__pydantic_extra__", values["extra"])
        return made
    made = object.__new__(kind)
    for field, value in values.items():
        object.__setattr__(made, field, value)
    return made


def _class(name: str, models: Models) -> type:
    if name not in models:
        raise ValueNotCacheable(f"what is kept holds a {name}, which this function does not return")
    return models[name]


def _same(value: Any, back: Any) -> bool:
    """Equal, and of the same type; the types within are what `_write` told apart."""
    return type(value) is type(back) and (value == back or repr(value) == repr(back))


def name_of(kind: type) -> str:
    """The name under which a class's instances are written."""
    return f"{kind.__module__}.{kind.__qualname__}"
