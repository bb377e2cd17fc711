"""`manage.py install_webhooks URL TABLE…`: let Supabase tell Canvalo of what others write."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from optimizer.management.sql_command import SqlCommand
from optimizer.sql import webhooks


class Command(SqlCommand):
    """Makes a trigger a table; the project must have its database webhooks enabled."""

    help = "Make Supabase's database webhooks for tables, so that writes past Canvalo are seen."
    done = "the webhooks of {schema} are installed"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address and the tables, too."""
        super().add_arguments(parser)
        parser.add_argument("url", help="https://…/api/optimization/webhooks/supabase")
        parser.add_argument("tables", nargs="+", help="tables of the schema, by their bare names")

    def statements(self, schema: str, options: Mapping[str, Any]) -> str:
        """A trigger for each table, with the secret that the endpoint asks for."""
        secret = str(getattr(settings, "OPTIMIZATION_WEBHOOK_SECRET", "") or "")
        return webhooks.install(schema, options["tables"], options["url"], secret)
