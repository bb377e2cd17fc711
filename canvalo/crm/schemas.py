"""What the CRM's API accepts; a field that is not named here is refused."""

from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
ContactType = Literal["lead", "customer", "partner", "vendor"]
ORDER = r"^(name|email|company|contact_type|created_at|updated_at)(\.(asc|desc))?$"


class ContactIn(Schema):
    """A new contact."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    email: Short | None = None
    phone: Short | None = None
    company: Short | None = None
    contact_type: ContactType = "lead"
    notes: Text | None = None


class ContactPatch(Schema):
    """The fields of a contact that change; the others stay."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    email: Short | None = None
    phone: Short | None = None
    company: Short | None = None
    contact_type: ContactType | None = None
    notes: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, data: Any) -> Any:
        given = data if isinstance(data, dict) else {}
        if not given:
            raise ValueError("name at least one field to change")
        if any(name in given and given[name] is None for name in ("name", "contact_type")):
            raise ValueError("name and contact_type cannot be null")
        return data


class ContactQuery(Schema):
    """Which contacts, in what order, from where to where."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field("", max_length=100, description="Part of a name, e-mail or company.")
    contact_type: ContactType | None = Field(None, description="Only this type.")
    order: str = Field("name.asc", pattern=ORDER, description="A column, then .asc or .desc.")
    limit: int = Field(50, ge=1, le=200, description="Rows in a page, 200 at most.")
    offset: int = Field(0, ge=0, le=1_000_000, description="Rows to skip.")
