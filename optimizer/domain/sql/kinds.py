"""Types of columns, as far as the engine tells them apart."""

import re
from dataclasses import dataclass

_MODIFIER = re.compile(r"\([^)]*\)")
_NAMES = {
    "smallint": "int", "integer": "int", "bigint": "int", "int32": "int", "int64": "int",
    "int2": "int", "int4": "int", "int8": "int",
    "numeric": "numeric", "double precision": "float", "float8": "float", "boolean": "bool",
    "bool": "bool", "text": "text", "character varying": "text", "varchar": "text",
    "uuid": "uuid", "date": "date", "timestamp without time zone": "timestamp",
    "timestamp": "timestamp", "timestamp with time zone": "timestamptz",
    "timestamptz": "timestamptz", "json": "json", "jsonb": "jsonb",
}  # fmt: skip
_RANGES = {
    "int4range": "int", "int8range": "int", "numrange": "numeric", "daterange": "date",
    "tsrange": "timestamp", "tstzrange": "timestamptz",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A type: a scalar's name; "array" or "range" of an element; "enum" with its labels in order.

    "other" is every type of which nothing but NULL is certain.
    """

    name: str
    element: "Kind | None" = None
    labels: tuple[str, ...] = ()

    @property
    def hides_null(self) -> bool:
        """Whether a null in a row's JSON may be a value: JSON's own null."""
        return self.name in ("json", "jsonb")


OTHER = Kind("other")
TEXT = Kind("text")


def kind_of(form: str, labels: tuple[str, ...] = ()) -> Kind:
    """The kind of a type as PostgreSQL or OpenAPI's `format` names it; `labels` make an enum."""
    name = " ".join(_MODIFIER.sub("", form).split())
    if name.endswith("[]"):
        return Kind("array", kind_of(name.removesuffix("[]"), labels))
    if labels:
        return Kind("enum", labels=labels)
    if name in _RANGES:
        return Kind("range", Kind(_RANGES[name]))
    return Kind(_NAMES[name]) if name in _NAMES else OTHER
