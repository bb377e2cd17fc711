"""Who may look, and who may change: staff, the groups of the dashboard, and holders of a link."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse

from dashboard.sharing import is_shared

View = Callable[..., HttpResponse]
VIEW = "dashboard.view_figures"


def may_view(request: HttpRequest) -> bool:
    """Whether this reader may see the figures: they are everybody's traffic."""
    user = request.user
    has_account = user.is_active and (user.is_staff or user.has_perm(VIEW))
    return has_account or is_shared(request)


def may_change(request: HttpRequest) -> bool:
    """Whether links to the settings lead anywhere for this reader."""
    return request.user.is_active and bool(getattr(request.user, "is_staff", False))


def readers_only(view: View) -> View:
    """Send strangers to the login and tell everybody else why they may not enter."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if may_view(request):
            return view(request, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied

    return guarded


def readers_data(view: View) -> View:
    """The same for what scripts and programs ask: a refusal is JSON."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if may_view(request):
            return view(request, **kwargs)
        return JsonResponse({"detail": "sign in as one who may see the figures"}, status=403)

    return guarded
