"""Projects as tools."""

from canvalo.crm.tables import PROJECTS
from canvalo.crm.tools import base
from canvalo.crm.tools.base import Record
from optimizer import cached_query


@cached_query("projects")
async def get_projects(user_id: str, status: str | None = None) -> list[Record]:
    """List the user's projects, 200 at most.

    Args:
        user_id: Whose projects.
        status: Only planned, active, paused or done.
    """
    return await base.find(user_id, PROJECTS, status=status)


async def create_project(
    user_id: str,
    name: str,
    status: str | None = None,
    contact_id: str | None = None,
    budget: str | None = None,
    starts_on: str | None = None,
    ends_on: str | None = None,
) -> Record:
    """Create a project of the user's and return it as stored."""
    return await base.create(
        user_id,
        PROJECTS,
        name=name,
        status=status,
        contact_id=contact_id,
        budget=budget,
        starts_on=starts_on,
        ends_on=ends_on,
    )


async def update_project(user_id: str, project_id: str, changes: str) -> Record | None:
    """Change a project; `changes` is a JSON object of the fields to change."""
    return await base.change(user_id, PROJECTS, project_id, changes)


async def delete_project(user_id: str, project_id: str) -> bool:
    """Delete a project; False where the user has none of that id."""
    return await base.remove(user_id, PROJECTS, project_id)


async def batch_create_projects(user_id: str, projects_data: str) -> Record:
    """Create many projects in few calls; `projects_data` is a JSON list of objects."""
    return await base.create_many(user_id, PROJECTS, projects_data)


async def batch_update_projects(user_id: str, projects_data: str) -> Record:
    """Change many projects; `projects_data` is a JSON list of objects with their `id`."""
    return await base.change_many(user_id, PROJECTS, projects_data)


async def batch_delete_projects(user_id: str, project_ids: str) -> Record:
    """Delete many projects; `project_ids` is a JSON list of ids."""
    return await base.remove_many(user_id, PROJECTS, project_ids)
