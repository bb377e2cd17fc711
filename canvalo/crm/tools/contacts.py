"""Contacts as tools."""

from canvalo.crm.tables import CONTACTS
from canvalo.crm.tools import base
from canvalo.crm.tools.base import Record
from optimizer import cached_query


@cached_query("contacts")
async def get_contacts(user_id: str, contact_type: str | None = None) -> list[Record]:
    """List the user's contacts, 200 at most.

    Args:
        user_id: Whose contacts.
        contact_type: Only lead, customer, partner or vendor.
    """
    return await base.find(user_id, CONTACTS, contact_type=contact_type)


async def create_contact(
    user_id: str,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    company: str | None = None,
    contact_type: str | None = None,
    notes: str | None = None,
) -> Record:
    """Create a contact of the user's and return it as stored."""
    return await base.create(
        user_id,
        CONTACTS,
        name=name,
        email=email,
        phone=phone,
        company=company,
        contact_type=contact_type,
        notes=notes,
    )


async def update_contact(user_id: str, contact_id: str, changes: str) -> Record | None:
    """Change a contact; `changes` is a JSON object of the fields to change."""
    return await base.change(user_id, CONTACTS, contact_id, changes)


async def delete_contact(user_id: str, contact_id: str) -> bool:
    """Delete a contact; False where the user has none of that id."""
    return await base.remove(user_id, CONTACTS, contact_id)


async def batch_create_contacts(user_id: str, contacts_data: str) -> Record:
    """Create many contacts in few calls; `contacts_data` is a JSON list of objects."""
    return await base.create_many(user_id, CONTACTS, contacts_data)


async def batch_update_contacts(user_id: str, contacts_data: str) -> Record:
    """Change many contacts; `contacts_data` is a JSON list of objects with their `id`."""
    return await base.change_many(user_id, CONTACTS, contacts_data)


async def batch_delete_contacts(user_id: str, contact_ids: str) -> Record:
    """Delete many contacts; `contact_ids` is a JSON list of ids."""
    return await base.remove_many(user_id, CONTACTS, contact_ids)
