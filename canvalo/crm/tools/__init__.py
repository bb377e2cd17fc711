"""The CRM as plain async functions, fit to be an agent's tools: `@tool` goes on top of each.

The `user_id` is trusted: whoever calls these has established who is asking. They speak with the
service role and filter by owner themselves, and what they cache is never shared with token callers.
"""

from canvalo.crm.tools.appointments import (
    batch_create_appointments,
    batch_delete_appointments,
    batch_update_appointments,
    create_appointment,
    delete_appointment,
    get_appointments,
    update_appointment,
)
from canvalo.crm.tools.contacts import (
    batch_create_contacts,
    batch_delete_contacts,
    batch_update_contacts,
    create_contact,
    delete_contact,
    get_contacts,
    update_contact,
)
from canvalo.crm.tools.invoices import (
    batch_create_invoices,
    batch_delete_invoices,
    batch_update_invoices,
    create_invoice,
    delete_invoice,
    get_invoices,
    update_invoice,
)
from canvalo.crm.tools.projects import (
    batch_create_projects,
    batch_delete_projects,
    batch_update_projects,
    create_project,
    delete_project,
    get_projects,
    update_project,
)

__all__ = [
    "batch_create_appointments",
    "batch_create_contacts",
    "batch_create_invoices",
    "batch_create_projects",
    "batch_delete_appointments",
    "batch_delete_contacts",
    "batch_delete_invoices",
    "batch_delete_projects",
    "batch_update_appointments",
    "batch_update_contacts",
    "batch_update_invoices",
    "batch_update_projects",
    "create_appointment",
    "create_contact",
    "create_invoice",
    "create_project",
    "delete_appointment",
    "delete_contact",
    "delete_invoice",
    "delete_project",
    "get_appointments",
    "get_contacts",
    "get_invoices",
    "get_projects",
    "update_appointment",
    "update_contact",
    "update_invoice",
    "update_project",
]
