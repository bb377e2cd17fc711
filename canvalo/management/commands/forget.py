"""`manage.py forget USER`: end and remove what is kept of a person."""

import asyncio
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from canvalo import accounts
from optimizer import runtime
from optimizer.errors import CacheUnavailable
from optimizer.forgetting import FORGOTTEN, Cached, forget_cached, forget_mail


class Command(BaseCommand):
    """Forgets a person."""

    help = (
        "Remove what Canvalo keeps of a person: cached answers (all of them, since any may hold "
        "the person's rows), the dashboard's account of that name or address, and mails to the "
        "address or the account's. Delete the rows in Supabase first; restart the web processes "
        "afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who is meant."""
        parser.add_argument("user", help="a user id of Supabase, a name, or an e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove everything, and say what it was; each step can be repeated."""
        user = options["user"].strip()
        if not user:  # an account without an address would be meant by it
            raise CommandError("say who is meant")
        found = accounts.named(user)
        names = {user, *(one for a in found for one in (a.username, a.email) if one)}
        self._accounts(found)
        forgotten = sum((Counter(forget_mail(name)) for name in sorted(names)), Counter())
        forgotten["log entries"] = accounts.strike_from_log(names)
        for what in (*FORGOTTEN, "log entries"):
            self.stdout.write(f"{what}: {forgotten[what]}")
        self._told(_cached(user))

    def _accounts(self, found: list[User]) -> None:
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
