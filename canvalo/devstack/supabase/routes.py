"""What runs beside PostgREST: routes by their prefix, and tasks."""

from canvalo.devstack.postgrest.asgi import App
from canvalo.devstack.postgrest.database import Database
from canvalo.devstack.postgrest.keys import Key
from canvalo.devstack.postgrest.serve import Task
from canvalo.devstack.postgrest.settings import Settings

from . import auth, echo, webhooks


def others(settings: Settings, database: Database, keys: tuple[Key, ...]) -> dict[str, App]:
    """The other services of a project; none where they are switched off."""
    if not settings.supabase_routes:
        return {}
    return {
        "/auth/v1": auth.application(settings, database, keys),
        "/storage/v1": echo.application("/storage/v1"),
        "/functions/v1": echo.application("/functions/v1"),
    }


def tasks(settings: Settings) -> list[Task]:
    """What runs as long as the server does: sending webhooks, where an address is given."""
    if settings.webhook_url is None:
        return []
    return [webhooks.forward(settings.db_uri, settings.webhook_url, settings.webhook_secret)]
