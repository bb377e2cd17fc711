"""What is answered where no view answers: JSON below /api/, a page elsewhere."""

from django.http import HttpRequest, HttpResponseBase
from django.views import defaults

from canvalo.crm.answers import error

_API = "/api/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404, for addresses that name nothing."""
    if request.path_info.startswith(_API):
        return error(404, "there is nothing at this address", "not_found")
    return defaults.page_not_found(request, exception)


def method_not_allowed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """405 below /api/, with what the address takes; any other answer as it is."""
    if response.status_code != 405 or not request.path_info.startswith(_API):
        return response
    methods = ", ".join(sorted(response.headers["Allow"].split(", ")))
    answer = error(405, f"this address takes {methods}", "method_not_allowed")
    answer.headers["Allow"] = methods
    return answer


def fault(request: HttpRequest) -> HttpResponseBase:
    """500; what went wrong is in the log alone, under the request's id."""
    if request.path_info.startswith(_API):
        return error(500, "something went wrong here; the log says what", "fault")
    return defaults.server_error(request)
