"""Django's command line, where a command that cannot begin says why in one line."""

import logging
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, connection
from pydantic import ValidationError

from canvalo.environment import Environment


def run(arguments: list[str]) -> None:
    """Run the command named in `arguments`; `--traceback` shows where an error came from."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # each attempt would be a line
    try:
        execute_from_command_line(arguments)
    except ValidationError as error:
        if "--traceback" in arguments or error.title != Environment.__name__:
            raise
        sys.exit(f"error: {_wrong(error)}")
    except OperationalError as error:
        if "--traceback" in arguments or connection.connection is not None:
            raise
        sys.exit(
            f"error: PostgreSQL does not answer ({error}): start script/server, or correct "
            "DATABASE_URL"
        )


def _wrong(error: ValidationError) -> str:
    """Which variables are wrong, and how; their values may be secret and are not repeated."""
    return "; ".join(
        f"{'_'.join(map(str, one['loc'])).upper()}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors(include_input=False, include_url=False)
    )
