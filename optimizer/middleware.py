"""Django middleware: a request's `canvalo-token` holds for all its reads; its writes give one."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from optimizer import session
from optimizer.domain.causal import HEADER


@sync_and_async_middleware
def causal_tokens(get_response: Any) -> Any:
    """Let a client read what it wrote, whichever process answers it.

    Within one process nobody needs a token: a write that was answered there is seen there.
    """

    def respond(request: HttpRequest) -> HttpResponseBase:
        with session.after(request.headers.get(HEADER, "")) as current:
            response = get_response(request)
        return _with_token(response, current)

    async def arespond(request: HttpRequest) -> HttpResponseBase:
        with session.after(request.headers.get(HEADER, "")) as current:
            response = await get_response(request)
        return _with_token(response, current)

    return arespond if iscoroutinefunction(get_response) else respond


def _with_token(response: HttpResponseBase, current: session.Session) -> HttpResponseBase:
    if current.token:
        response.headers[HEADER] = current.token
    return response
