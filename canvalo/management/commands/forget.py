"""`manage.py forget USER`: end and remove what is kept of a person."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from canvalo import accounts
from optimizer import runtime
from optimizer.errors import CacheUnavailable
from optimizer.forgetting import Cached, forget_cached, forget_mail


class Command(BaseCommand):
    """Forgets a person."""

    help = (
        "Remove what Canvalo keeps of a person: cached answers (all of them, since any may hold "
        "the person's rows), mails to the address, and the dashboard's account of that name or "
        "address. Delete the rows in Supabase first; restart the web processes afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who is meant."""
        parser.add_argument("user", help="a user id of Supabase, a name, or an e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove everything, and say what it was; each step can be repeated."""
        user = options["user"]
        self._account(user)
        for what, number in forget_mail(user).items():
            self.stdout.write(f"{what}: {number}")
        self._told(_cached(user))

    def _account(self, user: str) -> None:
        found = accounts.named(user)
        try:
            sessions = sum(accounts.remove(account) for account in found)
        except accounts.LastAdministrator as last:
            raise CommandError(f"{last} is the last administrator: make another first") from last
        self.stdout.write(f"accounts: {len(found)}\nsessions: {sessions}")

    def _told(self, cached: Cached) -> None:
        file = "is being written anew" if cached.rewritten else "there is none"
        self.stdout.write(f"cached answers: {cached.entries}\nValkey's file: {file}")
        self.stdout.write(
            "Not served any more; restart the web processes to empty their memory too. "
            "Backups and a proxy's logs are yours to clear."
        )


def _cached(user: str) -> Cached:
    async def forget() -> Cached:
        try:
            return await forget_cached(user)
        finally:
            await runtime.close_current()

    try:
        return asyncio.run(forget())
    except CacheUnavailable as away:
        raise CommandError(f"{away}; run this again, the rest is done") from away
