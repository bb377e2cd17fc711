"""`manage.py uninstall_webhooks TABLE…`: undo what `install_webhooks` did."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from optimizer.management.sql_command import SqlCommand
from optimizer.sql import webhooks


class Command(SqlCommand):
    """Removes the triggers; from then on the TTL bounds what others' writes leave standing."""

    help = "Remove the webhooks that install_webhooks made."
    done = "the webhooks of {schema} are removed"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the tables, too."""
        super().add_arguments(parser)
        parser.add_argument("tables", nargs="+", help="tables of the schema, by their bare names")

    def statements(self, schema: str, options: Mapping[str, Any]) -> str:
        """Drop each, where it is there."""
        return webhooks.remove(schema, options["tables"])
