"""The dashboard as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from dashboard.groups import make_groups


class DashboardConfig(AppConfig):
    """Pages that show what the engine saved."""

    name = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the groups made once their permissions exist."""
        post_migrate.connect(make_groups, sender=self)
