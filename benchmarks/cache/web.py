"""The product's web application with one more address: an empty view behind the same token.

For a process whose environment names Django's settings.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI

settings.ROOT_URLCONF = __name__

from canvalo.asgi import application  # noqa: E402 - makes Django ready, for what follows
from canvalo.crm.auth import SupabaseToken  # noqa: E402
from canvalo.urls import urlpatterns as _product  # noqa: E402

__all__ = ["application", "urlpatterns"]

_api = NinjaAPI(urls_namespace="bench")


@_api.get("/empty", auth=SupabaseToken())
async def empty(request: HttpRequest) -> HttpResponse:
    """Answer with nothing."""
    return HttpResponse(b"")


urlpatterns = [path("bench/", _api.urls), *_product]
