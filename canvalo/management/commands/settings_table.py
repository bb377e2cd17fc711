"""`manage.py settings_table`: print docs/settings.md."""

from typing import Any

from django.core.management.base import BaseCommand

from canvalo.settings_table import document


class Command(BaseCommand):
    """Prints the page of all settings."""

    help = "Print the page of all settings with their defaults, in Markdown (docs/settings.md)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write(document(), ending="")
