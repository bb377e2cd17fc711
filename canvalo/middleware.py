"""Django middleware of the project."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from canvalo.problems import method_not_allowed

_UNUSED = ("camera", "geolocation", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in _UNUSED)


@sync_and_async_middleware
def careful_headers(get_response: Any) -> Any:
    """Tell browsers which of their abilities no page of ours uses, and caches to keep nothing."""
    return _afterwards(get_response, _told)


@sync_and_async_middleware
def methods_in_json(get_response: Any) -> Any:
    """Say in the API's own shape that an address does not take a method: ninja says it in text."""
    return _afterwards(get_response, method_not_allowed)


def _afterwards(
    get_response: Any, change: Callable[[HttpRequest, HttpResponseBase], HttpResponseBase]
) -> Any:
    def respond(request: HttpRequest) -> HttpResponseBase:
        return change(request, get_response(request))

    async def arespond(request: HttpRequest) -> HttpResponseBase:
        return change(request, await get_response(request))

    return arespond if iscoroutinefunction(get_response) else respond


def _told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Where a view says nothing, the answer is the caller's and of this moment."""
    response.headers.setdefault("Cache-Control", "private, no-store")
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    return response
