"""The four tables of the CRM: what each can be searched, filtered and ordered by."""

from dataclasses import dataclass

SCHEMA = "api"


@dataclass(frozen=True, slots=True)
class Table:
    """One table; the key of a row is its `id`, by which ties of an order are broken."""

    name: str
    singular: str
    searched: tuple[str, ...]
    ordered: tuple[str, ...]  # the first is the default

    @property
    def whole_name(self) -> str:
        """Its name with its schema."""
        return f"{SCHEMA}.{self.name}"


CONTACTS = Table(
    "contacts",
    "contact",
    searched=("name", "email", "company"),
    ordered=("name", "email", "company", "contact_type", "created_at", "updated_at"),
)
PROJECTS = Table(
    "projects",
    "project",
    searched=("name",),
    ordered=("name", "status", "budget", "starts_on", "ends_on", "created_at", "updated_at"),
)
INVOICES = Table(
    "invoices",
    "invoice",
    searched=("number",),
    ordered=("number", "status", "amount", "issued_on", "due_on", "created_at", "updated_at"),
)
APPOINTMENTS = Table(
    "appointments",
    "appointment",
    searched=("title", "location"),
    ordered=("starts_at", "ends_at", "title", "created_at", "updated_at"),
)
TABLES = (CONTACTS, PROJECTS, INVOICES, APPOINTMENTS)
