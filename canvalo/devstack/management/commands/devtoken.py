"""`manage.py devtoken alice`: print a Supabase token of a demo user."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from canvalo.devstack import tokens


class Command(BaseCommand):
    """Signs a token with the stand-in's secret; of no use for a real project's users."""

    help = "Print a Supabase token of a demo user, for `Authorization: Bearer …`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the user's name, and how long the token shall live."""
        parser.add_argument("user", choices=[*tokens.USERS, "anon"], help="whose token")
        parser.add_argument(
            "--expires-in", type=int, default=86_400, metavar="SECONDS", help="a day by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Mint and print the token."""
        secret, user = settings.SUPABASE_JWT_SECRET, options["user"]
        if not secret:
            raise CommandError("SUPABASE_JWT_SECRET is not set; start script/server once")
        if user == "anon":
            token = tokens.mint(secret, role="anon", expires_in=options["expires_in"])
        else:
            token = tokens.user(secret, user, expires_in=options["expires_in"])
        self.stdout.write(token)
