"""Which classes a function says that it returns: the only ones that are read back."""

import dataclasses
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from pydantic import BaseModel

from optimizer.cache.values import Models, name_of


def models_of(function: Callable[..., Any]) -> Models:
    """The dataclasses, enumerations and pydantic models in the return annotation, and in theirs."""
    try:
        returned = typing.get_type_hints(function).get("return")
    except (NameError, TypeError):  # a name that exists for type checkers alone
        return {}
    found: dict[str, type] = {}
    _collect(returned, found)
    return found


def _collect(annotation: Any, found: dict[str, type]) -> None:
    for argument in typing.get_args(annotation):
        _collect(argument, found)
    if not _is_model(annotation) or name_of(annotation) in found:
        return
    found[name_of(annotation)] = annotation
    for field in _fields(annotation):
        _collect(field, found)


def _is_model(kind: Any) -> bool:
    if not isinstance(kind, type):
        return False
    return dataclasses.is_dataclass(kind) or issubclass(kind, Enum | BaseModel)


def _fields(kind: Any) -> Iterator[Any]:
    if issubclass(kind, BaseModel):
        yield from (field.annotation for field in kind.model_fields.values())
    elif dataclasses.is_dataclass(kind):
        yield from typing.get_type_hints(kind).values()
