"""Invoices as tools."""

from canvalo.crm.tables import INVOICES
from canvalo.crm.tools import base
from canvalo.crm.tools.base import Record
from optimizer import cached_query


@cached_query("invoices")
async def get_invoices(
    user_id: str, status: str | None = None, contact_id: str | None = None
) -> list[Record]:
    """List the user's invoices, 200 at most.

    Args:
        user_id: Whose invoices.
        status: Only draft, sent, paid or void.
        contact_id: Only this contact's.
    """
    return await base.find(user_id, INVOICES, status=status, contact_id=contact_id)


async def create_invoice(
    user_id: str,
    number: str,
    contact_id: str,
    amount: str,
    currency: str | None = None,
    project_id: str | None = None,
    status: str | None = None,
    due_on: str | None = None,
) -> Record:
    """Create an invoice of the user's and return it as stored."""
    return await base.create(
        user_id,
        INVOICES,
        number=number,
        contact_id=contact_id,
        amount=amount,
        currency=currency,
        project_id=project_id,
        status=status,
        due_on=due_on,
    )


async def update_invoice(user_id: str, invoice_id: str, changes: str) -> Record | None:
    """Change an invoice; `changes` is a JSON object of the fields to change."""
    return await base.change(user_id, INVOICES, invoice_id, changes)


async def delete_invoice(user_id: str, invoice_id: str) -> bool:
    """Delete an invoice; False where the user has none of that id."""
    return await base.remove(user_id, INVOICES, invoice_id)


async def batch_create_invoices(user_id: str, invoices_data: str) -> Record:
    """Create many invoices in few calls; `invoices_data` is a JSON list of objects."""
    return await base.create_many(user_id, INVOICES, invoices_data)


async def batch_update_invoices(user_id: str, invoices_data: str) -> Record:
    """Change many invoices; `invoices_data` is a JSON list of objects with their `id`."""
    return await base.change_many(user_id, INVOICES, invoices_data)


async def batch_delete_invoices(user_id: str, invoice_ids: str) -> Record:
    """Delete many invoices; `invoice_ids` is a JSON list of ids."""
    return await base.remove_many(user_id, INVOICES, invoice_ids)
