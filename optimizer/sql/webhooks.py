"""The SQL that makes Supabase's database webhooks tell Canvalo of each change, and that undoes it.

Source: Supabase's documentation, "Database Webhooks": a webhook is a trigger that calls
`supabase_functions.http_request(url, method, headers, params, timeout in ms)`.
"""

import json
import re

from optimizer.errors import ConfigurationError

_NAME = re.compile(r"[^\x00]{1,63}")
_TIMEOUT = 5000  # ms
_PREFIX = "canvalo_"


def install(schema: str, tables: list[str], url: str, secret: str) -> str:
    """Statements that tell `url` of each row that is written; done again, they change nothing.

    Raises ConfigurationError for an address or a name that makes no sense, or without a secret.
    """
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError("give the webhook's whole address, https://…")
    if not secret:
        raise ConfigurationError("set OPTIMIZATION_WEBHOOK_SECRET: without it none is taken")
    headers = json.dumps({"Content-Type": "application/json", "x-canvalo-secret": secret})
    arguments = ", ".join(map(_text, (url, "POST", headers, "{}", str(_TIMEOUT))))
    return "\n".join(
        f"{_drop(schema, table)}\n"
        f"create trigger {_trigger(table)} after insert or update or delete\n"
        f"on {_quoted(schema)}.{_quoted(table)} for each row\n"
        f"execute function supabase_functions.http_request({arguments});"
        for table in tables
    )


def remove(schema: str, tables: list[str]) -> str:
    """Statements that undo it, where it is there."""
    return "\n".join(_drop(schema, table) for table in tables)


def _drop(schema: str, table: str) -> str:
    return f"drop trigger if exists {_trigger(table)} on {_quoted(schema)}.{_quoted(table)};"


def _trigger(table: str) -> str:
    return _quoted(f"{_PREFIX}{table}"[:63])


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is no name of a table or a schema")
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A literal that reads the same whatever `standard_conforming_strings` says."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'" if "\\" in value else f"'{escaped}'"
