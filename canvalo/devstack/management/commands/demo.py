"""`manage.py demo`: modest traffic of three visitors, so that there is something to see."""

import asyncio
import os
import signal
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from canvalo.devstack.demo import Visitors
from canvalo.devstack.demo_loop import Traffic
from canvalo.devstack.plan import Plan

_FASTEST = 100.0


class Command(BaseCommand):
    """Asks for contacts as alice, bob and carol until INT or TERM."""

    help = (
        "Ask the running web server for contacts, as alice, bob and carol, until INT or TERM. "
        "The few contacts that it makes it removes again."
    )
    requires_system_checks = ()  # script/server has made them; the start is the quicker

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take rate, seed and address."""
        parser.add_argument("--rate", type=_rate, default=3.0, help="requests a second (3)")
        parser.add_argument("--seed", type=int, help="makes the same choices again")
        parser.add_argument("--url", type=_url, help="the web server (this machine's, on PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make traffic until told to stop."""
        secret = settings.SUPABASE_JWT_SECRET
        if not secret:
            raise CommandError("SUPABASE_JWT_SECRET is not set; start script/server once")
        url, rate = options["url"] or _own_url(), options["rate"]
        traffic = Traffic(Visitors(options["seed"]), url, secret, rate, self.stdout.write)
        asyncio.run(_until_told(traffic))


async def _until_told(traffic: Traffic) -> None:
    """Run the traffic as a task that INT and TERM cancel."""
    task = asyncio.ensure_future(traffic.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _own_url() -> str:
    return f"http://{Plan(os.environ).own_host}:{settings.ENV.port}"


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentTypeError(f"{text!r} is not an address such as http://127.0.0.1:8000")
    return text.rstrip("/")


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= _FASTEST:
        raise ArgumentTypeError(f"{text!r} is not a number above 0 and up to {_FASTEST:.0f}")
    return rate
