"""`manage.py uninstall_sql`: remove what install_sql or the migration installed."""

from collections.abc import Mapping
from typing import Any

from optimizer import sql
from optimizer.management.sql_command import SqlCommand


class Command(SqlCommand):
    """Removes it; batches go on without it, with a call for each different change."""

    help = "Remove from Supabase's database the function that batches of updates use."
    done = f"{{schema}}.{sql.FUNCTION} is removed"

    def statements(self, schema: str, options: Mapping[str, Any]) -> str:
        """Drop it if it is there."""
        return sql.uninstall(schema)
