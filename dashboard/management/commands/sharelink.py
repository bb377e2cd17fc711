"""`manage.py sharelink NAME`: make a read-only link to the dashboard and print it; or end one."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from dashboard.models import ShareLink
from dashboard.sharing import link_of

DAYS = 90
MOST_DAYS = 3650
LONGEST = 80  # characters of a name, as the column has it


class Command(BaseCommand):
    """Makes a share link, or revokes one."""

    help = "Make a link that shows the dashboard to whoever has it, and print it. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who it is for, and when it ends."""
        parser.add_argument("name", help="who the link is for, such as 'board'; used once")
        parser.add_argument(
            "--days", type=int, default=DAYS, help=f"it ends after so many ({DAYS})"
        )
        parser.add_argument("--revoke", action="store_true", help="end that link now instead")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make or revoke the link."""
        if options["revoke"]:
            self._revoke(options["name"])
        elif 0 < options["days"] <= MOST_DAYS:
            self.stdout.write(self._made(options["name"], options["days"]))
        else:
            raise CommandError(f"--days is 1 to {MOST_DAYS}")

    def _made(self, name: str, days: int) -> str:
        if not 0 < len(name.strip()) <= LONGEST:
            raise CommandError(f"a name has 1 to {LONGEST} characters")
        row = ShareLink(name=name, expires_at=timezone.now() + timedelta(days=days))
        token = row.renew()
        try:
            row.save()
        except IntegrityError as error:
            raise CommandError(
                f"a link named {name!r} exists, and cannot be shown again: choose another name"
            ) from error
        return link_of(token)

    def _revoke(self, name: str) -> None:
        standing = ShareLink.objects.filter(name=name, revoked_at=None)
        if not standing.update(revoked_at=timezone.now()):
            raise CommandError(f"no link named {name!r} stands: the admin lists them, Share links")
        self.stdout.write(f"{name} is revoked")
