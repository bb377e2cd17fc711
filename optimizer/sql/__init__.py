"""What the engine may have installed in Supabase's database; it works without, with more calls."""

import re
from pathlib import Path

from optimizer.domain.grain.ours import UPDATE_ROWS
from optimizer.errors import ConfigurationError

FUNCTION = UPDATE_ROWS
_SOURCE = Path(__file__).with_name("update_rows.sql")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def install(schema: str) -> str:
    """The statements that install it in a schema which PostgREST serves."""
    return _SOURCE.read_text("utf-8").replace("@schema@", _checked(schema))


def uninstall(schema: str) -> str:
    """The statements that remove it without a trace."""
    name = f"{_checked(schema)}.{FUNCTION}"
    return f"drop function if exists {name};\nnotify pgrst, 'reload schema';\n"


def _checked(schema: str) -> str:
    if not _PLAIN.fullmatch(schema):
        raise ConfigurationError(f"{schema!r} is not a plain schema name such as api")
    return schema
