"""What the commands share that change Supabase's database."""

import os
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from optimizer.conf import optimization_settings
from optimizer.errors import ConfigurationError

_VARIABLE = "SUPABASE_DB_URL"


class SqlCommand(BaseCommand, ABC):
    """Runs statements in Supabase's database, or prints them."""

    done = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the database, the schema, and whether to print only."""
        parser.add_argument(
            "--database-url", help=f"Supabase's database; by default what {_VARIABLE} says"
        )
        parser.add_argument("--schema", help="where it is; by default OPTIMIZATION_DEFAULT_SCHEMA")
        parser.add_argument("--print", action="store_true", help="print the SQL, change nothing")

    @abstractmethod
    def statements(self, schema: str, options: Mapping[str, Any]) -> str:
        """The statements for one schema, under the command's options."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the statements in one transaction."""
        schema = options["schema"] or optimization_settings.default_schema
        try:
            sql = self.statements(schema, options)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        if options["print"]:
            self.stdout.write(sql)
            return
        _run(_address(options["database_url"]), sql)
        self.stdout.write(self.done.format(schema=schema))


def _address(given: str | None) -> str:
    found = given or os.environ.get(_VARIABLE, "")
    if not found:
        raise CommandError(f"no database: give --database-url or set {_VARIABLE}")
    return found


def _run(address: str, sql: str) -> None:
    try:
        with psycopg.connect(address) as connection:
            connection.execute(sql.encode())
    except psycopg.Error as error:
        raise CommandError(f"the database refused: {error}{_advice(error)}") from error


def _advice(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InvalidSchemaName) and "supabase_functions" in str(error):
        return "\nEnable the project's database webhooks first, in Supabase's dashboard."
    return ""
