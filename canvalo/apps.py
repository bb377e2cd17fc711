"""The project as a Django app: its groups are there once its tables are."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CanvaloConfig(AppConfig):
    """Keeps the groups' rights as this version means them."""

    name = "canvalo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Permissions are made after each migration, and so are the groups that hold them."""
        post_migrate.connect(_make_groups, sender=self)


def _make_groups(using: str, **_: Any) -> None:
    from canvalo.groups import make_groups

    make_groups(using)
