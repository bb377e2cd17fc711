"""The command behind `script/server`: `python -m canvalo.devstack up`."""

import argparse
import os
import sys
from pathlib import Path

from canvalo import environment
from canvalo.devstack import output, schema
from canvalo.devstack.errors import DevstackError
from canvalo.devstack.home import Home
from canvalo.devstack.up import up

_DESCRIPTION = """\
Start everything that Canvalo needs on this machine and serve until INT, TERM or HUP:
embedded PostgreSQL and Valkey, the web server, a stand-in for Supabase, worker, beat, and demo
traffic. With SUPABASE_URL and its keys set, that project is used instead of the stand-in; with
DATABASE_URL, VALKEY_URL or CELERY_BROKER_URL set, those servers are.
"""


def main() -> int:
    """Run the command named on the command line; the exit code."""
    parser = argparse.ArgumentParser(prog="script/server", description=_DESCRIPTION)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    started = _up_parser(commands)
    _schema_parser(commands)
    options, unknown = parser.parse_known_args()
    if unknown:  # `script/server` runs `up`: its usage is what helps
        started.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        return _run(options)
    except DevstackError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        output.silence_a_closed_terminal()


def _run(options: argparse.Namespace) -> int:
    if options.command == "schema":
        schema.apply(os.environ["DEVSTACK_SUPABASE_DB_URI"], options.folder)
        return 0
    return up(Home(environment.home()), demo=not options.no_demo, port=options.port)


def _up_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> argparse.ArgumentParser:
    up = commands.add_parser(
        "up",
        prog="script/server",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="State lives in CANVALO_HOME (default: var/). Ports: PORT (8000), SUPABASE_PORT.",
    )
    up.add_argument("--no-demo", action="store_true", help="make no traffic of our own")
    up.add_argument("--port", type=int, help="port of the web server (default: $PORT or 8000)")
    return up


def _schema_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    help_ = "bring the stand-in's database up to date (used by `up`)"
    parser = commands.add_parser("schema", help=help_)
    parser.add_argument("folder", type=Path)


if __name__ == "__main__":
    sys.exit(main())
