"""What the web process knows of the recurring work, for its pages and for `/health/deep`."""

from datetime import datetime
from functools import cache
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from optimizer.alerts import watch
from optimizer.alerts.watch import Late

STARTED = timezone.now()  # of this process: nobody could be late for it before


def overdue_now(now: datetime) -> list[Late]:
    """What is overdue."""
    return watch.late(now, STARTED)


@require_safe
def overdue_data(request: HttpRequest) -> JsonResponse:
    """The names of what is overdue, for the banner's script; 403 for strangers."""
    if not getattr(request.user, "is_staff", False):
        return JsonResponse({"detail": "sign in as staff"}, status=403)
    response = JsonResponse({"overdue": [one.name for one in overdue_now(timezone.now())]})
    response["Cache-Control"] = "no-store"
    return response


def overdue(request: HttpRequest) -> dict[str, Any]:
    """For templates: `overdue`, asked only where it is shown, and only for staff."""
    return {"overdue": _for_staff(request)} if hasattr(request, "user") else {}


def _for_staff(request: HttpRequest) -> Any:
    @cache
    def asked() -> list[Late]:
        if not request.user.is_staff:
            return []
        try:
            return overdue_now(timezone.now())
        except DatabaseError:  # this page is about to say so itself
            return []

    return asked
