"""Appointments as tools."""

from canvalo.crm.tables import APPOINTMENTS
from canvalo.crm.tools import base
from canvalo.crm.tools.base import Record
from optimizer import cached_query


@cached_query("appointments")
async def get_appointments(
    user_id: str, contact_id: str | None = None, project_id: str | None = None
) -> list[Record]:
    """List the user's appointments, 200 at most.

    Args:
        user_id: Whose appointments.
        contact_id: Only with this contact.
        project_id: Only of this project.
    """
    return await base.find(user_id, APPOINTMENTS, contact_id=contact_id, project_id=project_id)


async def create_appointment(
    user_id: str,
    title: str,
    starts_at: str,
    ends_at: str,
    contact_id: str | None = None,
    project_id: str | None = None,
    location: str | None = None,
) -> Record:
    """Create an appointment of the user's and return it as stored."""
    return await base.create(
        user_id,
        APPOINTMENTS,
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        contact_id=contact_id,
        project_id=project_id,
        location=location,
    )


async def update_appointment(user_id: str, appointment_id: str, changes: str) -> Record | None:
    """Change an appointment; `changes` is a JSON object of the fields to change."""
    return await base.change(user_id, APPOINTMENTS, appointment_id, changes)


async def delete_appointment(user_id: str, appointment_id: str) -> bool:
    """Delete an appointment; False where the user has none of that id."""
    return await base.remove(user_id, APPOINTMENTS, appointment_id)


async def batch_create_appointments(user_id: str, appointments_data: str) -> Record:
    """Create many appointments in few calls; `appointments_data` is a JSON list of objects."""
    return await base.create_many(user_id, APPOINTMENTS, appointments_data)


async def batch_update_appointments(user_id: str, appointments_data: str) -> Record:
    """Change many appointments; `appointments_data` is a JSON list of objects with their `id`."""
    return await base.change_many(user_id, APPOINTMENTS, appointments_data)


async def batch_delete_appointments(user_id: str, appointment_ids: str) -> Record:
    """Delete many appointments; `appointment_ids` is a JSON list of ids."""
    return await base.remove_many(user_id, APPOINTMENTS, appointment_ids)
