"""The dashboard as a Django app."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages that show what the engine saved."""

    name = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"
