"""The shapes of the four tables; PostgreSQL has the last word on what a row may hold."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from canvalo.crm.schemas.base import Money, Name, Patch, Shapes, Short, Strict, Text, page_of
from canvalo.crm.tables import APPOINTMENTS, CONTACTS, INVOICES, PROJECTS

ContactType = Literal["lead", "customer", "partner", "vendor"]
ProjectStatus = Literal["planned", "active", "paused", "done"]
InvoiceStatus = Literal["draft", "sent", "paid", "void"]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Attendees = Annotated[list[Short], Field(max_length=100)]


class ContactIn(Strict):
    """A new contact."""

    name: Name
    email: Short | None = None
    phone: Short | None = None
    company: Short | None = None
    contact_type: ContactType = "lead"
    notes: Text | None = None


class ContactPatch(Patch):
    """The fields of a contact that change."""

    required: ClassVar = ("name", "contact_type")
    name: Name | None = None
    email: Short | None = None
    phone: Short | None = None
    company: Short | None = None
    contact_type: ContactType | None = None
    notes: Text | None = None


class ProjectIn(Strict):
    """A new project; one of an organisation is seen by its members."""

    name: Name
    organisation_id: UUID | None = None
    contact_id: UUID | None = None
    status: ProjectStatus = "planned"
    budget: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    details: dict[str, Any] = {}


class ProjectPatch(Patch):
    """The fields of a project that change."""

    required: ClassVar = ("name", "status", "details")
    name: Name | None = None
    organisation_id: UUID | None = None
    contact_id: UUID | None = None
    status: ProjectStatus | None = None
    budget: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    details: dict[str, Any] | None = None


class InvoiceIn(Strict):
    """A new invoice; its number is the owner's own and used once."""

    number: Name
    contact_id: UUID
    project_id: UUID | None = None
    status: InvoiceStatus = "draft"
    currency: Currency = "EUR"
    amount: Money
    issued_on: date | None = None
    due_on: date | None = None


class InvoicePatch(Patch):
    """The fields of an invoice that change."""

    required: ClassVar = (
        "number", "contact_id", "status", "currency", "amount", "issued_on", "due_on"
    )  # fmt: skip
    number: Name | None = None
    contact_id: UUID | None = None
    project_id: UUID | None = None
    status: InvoiceStatus | None = None
    currency: Currency | None = None
    amount: Money | None = None
    issued_on: date | None = None
    due_on: date | None = None
    paid_at: AwareDatetime | None = None


class AppointmentIn(Strict):
    """A new appointment; times carry their zone."""

    title: Name
    contact_id: UUID | None = None
    project_id: UUID | None = None
    location: Short | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    attendees: Attendees = []


class AppointmentPatch(Patch):
    """The fields of an appointment that change."""

    required: ClassVar = ("title", "starts_at", "ends_at", "attendees")
    title: Name | None = None
    contact_id: UUID | None = None
    project_id: UUID | None = None
    location: Short | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    attendees: Attendees | None = None


SHAPES = {
    CONTACTS: Shapes(ContactIn, ContactPatch, page_of(CONTACTS, contact_type=ContactType)),
    PROJECTS: Shapes(
        ProjectIn, ProjectPatch, page_of(PROJECTS, status=ProjectStatus, contact_id=UUID)
    ),
    INVOICES: Shapes(
        InvoiceIn, InvoicePatch, page_of(INVOICES, status=InvoiceStatus, contact_id=UUID)
    ),
    APPOINTMENTS: Shapes(
        AppointmentIn, AppointmentPatch, page_of(APPOINTMENTS, contact_id=UUID, project_id=UUID)
    ),
}
