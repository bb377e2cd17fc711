"""`manage.py install_sql`: install the function by which different updates share a call."""

from optimizer import sql
from optimizer.management.sql_command import SqlCommand


class Command(SqlCommand):
    """Installs it, or brings it up to date."""

    help = "Install in Supabase's database the function that batches of updates use."
    done = f"{{schema}}.{sql.FUNCTION} is installed"

    def statements(self, schema: str) -> str:
        """Create or replace it."""
        return sql.install(schema)
