"""`manage.py apitoken NAME`: make a token for the statistics and print it, once; or end one."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from optimizer.models import ApiToken
from optimizer.models.tokens import TokenScope

DAYS = 365
MOST_DAYS = 3650
LONGEST = 80  # characters of a name, as the column has it


class Command(BaseCommand):
    """Makes an API token, or revokes one."""

    help = (
        "Make a token for the statistics (/api/optimization/… and /metrics), and print it. It is "
        "shown once; the admin lists its name under API tokens, and revokes it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the token's name, what it is for, and when it ends."""
        parser.add_argument("name", help="what the token is for, such as 'grafana'; used once")
        parser.add_argument(
            "--scope",
            choices=TokenScope.values,
            default=TokenScope.STATS,
            help="stats (the default) reads all of them, metrics /metrics alone",
        )
        parser.add_argument(
            "--days", type=int, default=DAYS, help=f"it ends after so many ({DAYS})"
        )
        parser.add_argument("--revoke", action="store_true", help="end that token now instead")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue or revoke the token."""
        if options["revoke"]:
            self._revoke(options["name"])
        elif 0 < options["days"] <= MOST_DAYS:
            self.stdout.write(self._issue(**options))
        else:
            raise CommandError(f"--days is 1 to {MOST_DAYS}")

    def _issue(self, name: str, scope: str, days: int, **_: Any) -> str:
        if not 0 < len(name.strip()) <= LONGEST:
            raise CommandError(f"a name has 1 to {LONGEST} characters")
        try:
            return ApiToken.issue(name, scope, timezone.now() + timedelta(days=days))
        except IntegrityError as error:
            raise CommandError(
                f"a token named {name!r} exists, and cannot be shown again: choose another name"
            ) from error

    def _revoke(self, name: str) -> None:
        standing = ApiToken.objects.filter(name=name, revoked_at=None)
        if not standing.update(revoked_at=timezone.now()):
            raise CommandError(f"no token named {name!r} stands: the admin lists them, API tokens")
        self.stdout.write(f"{name} is revoked")
