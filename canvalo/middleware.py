"""Django middleware of the project."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_UNUSED = ("camera", "geolocation", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in _UNUSED)


@sync_and_async_middleware
def careful_headers(get_response: Any) -> Any:
    """Tell browsers which of their abilities no page of ours uses, and caches to keep nothing."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        return _told(get_response(request))

    async def arespond(request: HttpRequest) -> HttpResponseBase:
        return _told(await get_response(request))

    return arespond if iscoroutinefunction(get_response) else respond


def _told(response: HttpResponseBase) -> HttpResponseBase:
    """Where a view says nothing, the answer is the caller's and of this moment."""
    response.headers.setdefault("Cache-Control", "private, no-store")
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    return response
