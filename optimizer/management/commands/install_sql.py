"""`manage.py install_sql`: install the function by which different updates share a call."""

from collections.abc import Mapping
from typing import Any

from optimizer import sql
from optimizer.management.sql_command import SqlCommand


class Command(SqlCommand):
    """Installs it, or brings it up to date."""

    help = "Install in Supabase's database the function that batches of updates use."
    done = f"{{schema}}.{sql.FUNCTION} is installed"

    def statements(self, schema: str, options: Mapping[str, Any]) -> str:
        """Create or replace it."""
        return sql.install(schema)
