"""`manage.py apitoken NAME`: make a token for the statistics and print it, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from optimizer.models import ApiToken


class Command(BaseCommand):
    """Makes an API token."""

    help = "Make a token that may read /api/optimization/stats, and print it. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the token's name."""
        parser.add_argument("name", help="what the token is for, such as 'grafana'")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the token."""
        try:
            token = ApiToken.issue(options["name"])
        except IntegrityError as error:
            raise CommandError(
                f"a token named {options['name']!r} exists; choose another name"
            ) from error
        self.stdout.write(token)
