"""Readers without an account: a link leads in, and its row is asked at every request."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils import timezone

from dashboard.models import ShareLink, hash_of

_KEY = "share_link"  # in the session: which row, never the token


def link_of(token: str) -> str:
    """The whole address; the base address may hold a path, which `reverse` repeats."""
    path = reverse("dashboard:share", args=[token]).removeprefix(get_script_prefix())
    return f"{settings.CANVALO_BASE_URL.rstrip('/')}/{path}"


def enter(request: HttpRequest, token: str) -> bool:
    """Let the bearer of a standing link look around; the session holds no token."""
    link = ShareLink.standing(timezone.now()).filter(hash=hash_of(token)).first()
    if link is None:
        return False
    request.session.cycle_key()
    request.session[_KEY] = link.pk
    return True


def is_shared(request: HttpRequest) -> bool:
    """Whether this reader came by a link that still stands; asked once a request."""
    held = getattr(request, "_is_shared", None)
    if held is None:
        held = _stands(request)
        request._is_shared = held  # type: ignore[attr-defined]
    return bool(held)


def _stands(request: HttpRequest) -> bool:
    pk = request.session.get(_KEY) if hasattr(request, "session") else None
    return pk is not None and ShareLink.standing(timezone.now()).filter(pk=pk).exists()
