"""`manage.py annotate TEXT`: write a deploy, or another word, on the charts."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.models import Annotation

LONGEST = 200


class Command(BaseCommand):
    """Adds an annotation."""

    help = "Write on the charts what happened, such as a deploy: manage.py annotate 'Shop 1.4'."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the words, when it was, and what."""
        parser.add_argument("text", help="what happened, in a few words")
        kinds = Annotation.Kind
        parser.add_argument(
            "--kind", choices=kinds.values, default=kinds.DEPLOY, help="deploy, if left out"
        )
        parser.add_argument("--at", help="when, such as 2026-11-25T12:00; now, if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store it; a time without its zone is one of the reporting zone."""
        text = options["text"].strip()
        if not 0 < len(text) <= LONGEST:
            raise CommandError(f"write 1 to {LONGEST} characters")
        at = _moment(options["at"]) if options["at"] else timezone.now()
        Annotation.objects.create(at=at, kind=options["kind"], text=text)
        self.stdout.write(f"{at:%Y-%m-%d %H:%M %Z}: {text}")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no time; write 2026-11-25T12:00") from error
    return at if at.tzinfo else at.replace(tzinfo=timezone.get_default_timezone())
