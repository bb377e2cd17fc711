"""Django middleware of the project."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_UNUSED = ("camera", "geolocation", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in _UNUSED)


@sync_and_async_middleware
def permissions_policy(get_response: Any) -> Any:
    """Tell browsers which of their abilities no page of ours uses."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        return _told(get_response(request))

    async def arespond(request: HttpRequest) -> HttpResponseBase:
        return _told(await get_response(request))

    return arespond if iscoroutinefunction(get_response) else respond


def _told(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    return response
