"""The overview as a page, and the same as JSON for the page's own polling."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from hashlib import sha256

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from dashboard import panels
from optimizer import selectors
from optimizer.domain.series import DEFAULT_RANGE, RANGES, Freshness, Range, window

View = Callable[[HttpRequest], HttpResponse]


def may_view(request: HttpRequest) -> bool:
    """Whether the signed-in user may see the figures: they are everybody's traffic."""
    user = request.user
    return user.is_active and (user.is_staff or user.is_superuser)


def staff_only(view: View) -> View:
    """Send strangers to the login and tell everybody else why they may not enter."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not may_view(request):
            raise PermissionDenied
        return view(request)

    return guarded


@require_safe
@staff_only
def overview(request: HttpRequest) -> HttpResponse:
    """The page; complete without JavaScript but for the drawing of the charts."""
    now, range_, fresh = timezone.now(), chosen_range(request), selectors.freshness()
    page = build(range_, now, fresh)
    context = {"page": page, "ranges": RANGES.values(), "data": page.as_json()}
    response = render(request, "dashboard/overview.html", context)
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def overview_data(request: HttpRequest) -> HttpResponse:
    """The page's figures; 304 where nothing has changed since the version that the script holds."""
    if not may_view(request):
        return JsonResponse({"detail": "sign in as staff"}, status=403)
    now, range_, fresh = timezone.now(), chosen_range(request), selectors.freshness()
    etag = version(range_, now, fresh)
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged or JsonResponse(build(range_, now, fresh).as_json())
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def chosen_range(request: HttpRequest) -> Range:
    """The range in the address, or the default for none and for one that does not exist."""
    return RANGES.get(request.GET.get("range", ""), RANGES[DEFAULT_RANGE])


def version(range_: Range, now: datetime, fresh: Freshness) -> str:
    """Changes whenever the stored figures, the window, or the warning may have."""
    cut = window(range_, now, fresh)
    parts = (range_.name, cut.end, fresh.newest_minute, fresh.ran_at, fresh.is_stalled(now))
    return f'"{sha256(repr(parts).encode()).hexdigest()[:20]}"'


def build(range_: Range, now: datetime, fresh: Freshness) -> panels.Page:
    """Read what is stored and say it."""
    seen = selectors.overview(range_, now, fresh)
    fill = selectors.cache_fill()
    zone = timezone.get_current_timezone()
    return panels.page(seen.window, seen.points, seen.total, fresh, fill, now, zone)
