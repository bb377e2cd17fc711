"""What all shapes share: lengths, numbers, paging, and "name at least one field"."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from ninja import Field, Schema
from pydantic import (
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)

from canvalo.crm.tables import Table

_DIGITS = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
_AMOUNT = {"minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01}
Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2),
    WithJsonSchema(  # pydantic's own says nothing of the digits
        {"anyOf": [{"type": "number"} | _AMOUNT, {"type": "string", "pattern": _DIGITS}]},
        mode="validation",
    ),
]


class Strict(Schema):
    """A shape that refuses what it does not name."""

    model_config = ConfigDict(extra="forbid")


def _as_patch(schema: dict[str, Any], shape: type[Any]) -> None:
    """Say in the document what is validated below: something changes, and what never to null."""
    schema["minProperties"] = len(schema.get("required", ())) + 1
    for name in shape.required:
        field = schema["properties"][name]
        kinds = [kind for kind in field.pop("anyOf") if kind != {"type": "null"}]
        field.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


class Patch(Strict):
    """Some fields of a row; those in `required` may be changed, but not to null."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_as_patch)
    required: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        given = [name for name in self.required if name in self.model_fields_set]
        if nulls := [name for name in given if getattr(self, name) is None]:
            raise ValueError(f"{', '.join(nulls)} cannot be null")
        return self


class Page(Strict):
    """Which rows of a list, from where to where."""

    search: str = Field("", max_length=100, description="Part of a name or a title.")
    limit: int = Field(50, ge=1, le=200, description="Rows in a page, 200 at most.")
    offset: int = Field(0, ge=0, le=1_000_000, description="Rows to skip.")


@dataclass(frozen=True, slots=True)
class Shapes:
    """The three shapes of a table: a new row, a change, a question."""

    new: type[Schema]
    patch: type[Schema]
    query: type[Schema]


def page_of(table: Table, **filters: Any) -> type[Schema]:
    """The question for a page of a table, with the columns that may be asked to equal a value."""
    pattern = rf"^({'|'.join(table.ordered)})(\.(asc|desc))?$"
    order = Field(
        f"{table.ordered[0]}.asc", pattern=pattern, description="A column, then .asc or .desc."
    )
    fields: dict[str, Any] = {"order": (str, order)}
    fields |= {name: (kind | None, Field(None)) for name, kind in filters.items()}
    return create_model(f"{table.singular.title()}Query", __base__=Page, **fields)
