"""What the web process knows of the recurring work, for its pages and for `/health/deep`."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from optimizer.alerts import watch
from optimizer.alerts.watch import Late

T = TypeVar("T")

STARTED = timezone.now()  # of this process: nobody could be late for it before


def overdue_now(now: datetime) -> list[Late]:
    """What is overdue."""
    return watch.late(now, STARTED)


@require_safe
def overdue_data(request: HttpRequest) -> JsonResponse:
    """What is overdue and how many mails were given up, for the banners' script; 403 for others."""
    if not getattr(request.user, "is_staff", False):
        return JsonResponse({"detail": "sign in as staff"}, status=403)
    now = timezone.now()
    late, undelivered = overdue_now(now), watch.undelivered(now)
    response = JsonResponse({"overdue": [one.name for one in late], "undelivered": undelivered})
    response["Cache-Control"] = "no-store"
    return response


def overdue(request: HttpRequest) -> dict[str, Any]:
    """For templates: `overdue` and `undelivered`, asked only where shown, and only for staff."""
    if not hasattr(request, "user"):
        return {}
    return {
        "overdue": _for_staff(request, overdue_now, []),
        "undelivered": _for_staff(request, watch.undelivered, 0),
    }


def _for_staff(request: HttpRequest, ask: Callable[[datetime], T], nothing: T) -> Callable[[], T]:
    @cache
    def asked() -> T:
        if not request.user.is_staff:
            return nothing
        try:
            return ask(timezone.now())
        except DatabaseError:  # this page is about to say so itself
            return nothing

    return asked
