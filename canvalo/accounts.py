"""Accounts of the dashboard: removing one with what hangs on it."""

from collections.abc import Iterable
from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

STRUCK_OUT = "(forgotten)"


class LastAdministrator(Exception):  # noqa: N818 - what it is, not that it went wrong
    """Without this account nobody could administer the dashboard."""


def named(user: str) -> list[User]:
    """Accounts with this name or e-mail address."""
    return list(User.objects.filter(Q(username=user) | Q(email__iexact=user)))


@transaction.atomic
def remove(account: User) -> int:
    """Delete an account, its log entries and sessions; returns how many sessions ended.

    What it changed keeps its record, without a name. Raises LastAdministrator.
    """
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=account.pk)
    if account.is_superuser and not others.exists():
        raise LastAdministrator(account.username)
    ended = _end_sessions(str(account.pk))
    account.delete()
    return ended


def strike_from_log(names: Iterable[str]) -> int:
    """Strike these out of what others did, where they are what it was done to; how often."""
    found = Q(pk__in=())
    for name in names:
        found |= Q(object_repr__iexact=name)
    return LogEntry.objects.filter(found).update(object_repr=STRUCK_OUT)


def _end_sessions(key: str) -> int:
    """A session is in the database and in Django's cache: its own store removes both."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    theirs = [s for s in Session.objects.all() if s.get_decoded().get("_auth_user_id") == key]
    for session in theirs:
        store(session.session_key).delete()
    return len(theirs)
