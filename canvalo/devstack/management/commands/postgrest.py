"""`manage.py postgrest`: the stand-in for a Supabase project's API."""

import argparse
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from canvalo.devstack.errors import DevstackError
from canvalo.devstack.postgrest import serve, settings
from canvalo.devstack.supabase import routes

_OPTIONS = {
    "--db-uri": "the database, as `postgresql://…`",
    "--schemas": "the schemas to serve, with commas; the first is the default",
    "--extra-search-path": "schemas whose functions and types need no name before theirs",
    "--port": "the port to listen on (3000 by default)",
    "--host": "the address to listen on (127.0.0.1 by default)",
    "--jwt-secret": "the secret, or a JSON Web Key (Set), by which tokens are verified",
    "--jwks": "a file with a JSON Web Key Set; with a private key in it, sign-in uses that",
    "--anon-role": "the role of requests without a token",
    "--latency-ms": "hold every answer back, to play a distant server",
    "--max-rows": "the most rows of one answer",
    "--webhook-url": "send database webhooks of schema api there",
    "--webhook-secret": "the secret that goes with them",
}
_SWITCHES = {
    "--aggregates": "allow sum(), avg() and the like",
    "--no-auth-routes": "serve PostgREST alone, without /auth/v1, /storage/v1, /functions/v1",
}


class Command(BaseCommand):
    """Serves PostgREST 14's behaviour over a database; needs nothing of Django's own."""

    help = (
        "Serve a PostgreSQL database as PostgREST 14 would, with sign-in as Supabase has it. "
        "A tool for laptops and tests, never for a server that others can reach. "
        "Each option can be set in the environment too: PGRST_DB_URI, PGRST_SCHEMAS, PGRST_PORT, "
        "PGRST_HOST, PGRST_JWT_SECRET, PGRST_JWKS, PGRST_ANON_ROLE, PGRST_LATENCY_MS, "
        "PGRST_MAX_ROWS, PGRST_AGGREGATES, PGRST_WEBHOOK_URL, PGRST_WEBHOOK_SECRET."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the environment may set too; what is not given stays unset."""
        for name, text in _OPTIONS.items():
            parser.add_argument(name, default=argparse.SUPPRESS, help=text)
        for name, text in _SWITCHES.items():
            parser.add_argument(
                name, action="store_const", const="true", default=argparse.SUPPRESS, help=text
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until INT or TERM."""
        names = {name.removeprefix("--").replace("-", "_") for name in (*_OPTIONS, *_SWITCHES)}
        given = {name: str(options[name]) for name in names & options.keys()}
        try:
            found = settings.build({**settings.from_environment(os.environ), **given})
            serve.run(found, routes.others, routes.tasks)
        except DevstackError as error:
            raise CommandError(str(error)) from None
