"""`manage.py devtoken alice`: print a Supabase token of a demo user."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from canvalo import environment
from canvalo.devstack import envfile, tokens
from canvalo.devstack.errors import DevstackError


class Command(BaseCommand):
    """Signs a token with the stand-in's secret, whichever project is in use."""

    help = (
        "Print a Supabase token of a demo user, for `Authorization: Bearer …`. "
        "It holds for the stand-in alone: a real project's users sign in there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the user's name, and how long the token shall live."""
        parser.add_argument("user", choices=[*tokens.USERS, "anon"], help="whose token")
        parser.add_argument(
            "--expires-in", type=int, default=86_400, metavar="SECONDS", help="a day by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Mint and print the token."""
        secret, user, seconds = _secret(), options["user"], options["expires_in"]
        if user == "anon":
            self.stdout.write(tokens.mint(secret, role="anon", expires_in=seconds))
        else:
            self.stdout.write(tokens.user(secret, user, expires_in=seconds))


def _secret() -> str:
    path = environment.home() / "secrets.env"
    try:
        return envfile.read(path)["STANDIN_JWT_SECRET"]
    except (FileNotFoundError, KeyError):
        raise CommandError(f"{path} holds no secret yet: start script/server once") from None
    except DevstackError as error:
        raise CommandError(str(error)) from error
