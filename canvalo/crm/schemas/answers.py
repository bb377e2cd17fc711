"""What the CRM's API answers, for its OpenAPI document: rows are passed on as Supabase sent them.

Nothing is checked against these shapes when it is served; the tests do that.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema

from canvalo.crm.tables import APPOINTMENTS, CONTACTS, INVOICES, PROJECTS, Table
from optimizer.domain.chunks import RowStatus


class Row(Schema):
    """What every row has."""

    id: UUID
    owner_id: UUID
    created_at: datetime
    updated_at: datetime


class Contact(Row):
    """A contact as stored."""

    name: str
    email: str | None
    phone: str | None
    company: str | None
    contact_type: str
    notes: str | None


class Project(Row):
    """A project as stored."""

    name: str
    organisation_id: UUID | None
    contact_id: UUID | None
    status: str
    budget: float | None
    starts_on: date | None
    ends_on: date | None
    details: dict[str, Any]


class Invoice(Row):
    """An invoice as stored."""

    number: str
    contact_id: UUID
    project_id: UUID | None
    status: str
    currency: str
    amount: float
    issued_on: date
    due_on: date
    paid_at: datetime | None


class Appointment(Row):
    """An appointment as stored."""

    title: str
    contact_id: UUID | None
    project_id: UUID | None
    location: str | None
    starts_at: datetime
    ends_at: datetime
    attendees: list[str]


class Outcome(Schema):
    """What became of one row; what is not known is left out."""

    index: int
    status: RowStatus
    row: dict[str, Any] = Field({}, description="As stored.")
    key: str = Field("", description="By which the row can be looked for.")
    code: str = Field("", description="Why it was refused, as PostgREST has it.")
    message: str = ""
    details: str = ""


class Batch(Schema):
    """What became of many rows."""

    succeeded: int
    failed: int = Field(description="Every row that is not done.")
    counts: dict[RowStatus, int]
    calls: int = Field(description="Requests that it took.")
    calls_avoided: int
    sent_bytes: int
    received_bytes: int
    milliseconds: float
    outcomes: list[Outcome] = Field(description="One for each row, in the order sent.")


class Overview(Schema):
    """What a home screen shows: five rows of each at most."""

    contacts: list[Contact]
    projects: list[Project]
    open_invoices: list[dict[str, Any]]
    appointments: list[Appointment]


ROWS: dict[Table, type[Row]] = {
    CONTACTS: Contact,
    PROJECTS: Project,
    INVOICES: Invoice,
    APPOINTMENTS: Appointment,
}
