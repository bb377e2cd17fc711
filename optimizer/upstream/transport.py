"""The one shared httpx transport, and foreign errors mapped once, at this edge."""

from typing import Any

import httpx

from optimizer.domain.answer import Answer
from optimizer.errors import UpstreamError, UpstreamUnreachable

# Headers that belong to one connection or one moment, not to the answer.
_OWN = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "set-cookie"}
)
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def make_transport(max_connections: int, proxy: str | None = None) -> httpx.AsyncHTTPTransport:
    """Open the transport that all clients of a process and event loop share.

    A transport of one's own does not look at `HTTPS_PROXY`: `proxy` is what to use of it.

    HTTP/1.1: behind an edge that sends GOAWAY, concurrent HTTP/2 requests fail in bulk
    (httpx issue 3072, supabase-py issue 1064).
    """
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=30.0,
    )
    return httpx.AsyncHTTPTransport(http1=True, http2=False, limits=limits, retries=1, proxy=proxy)


async def ask(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> Answer:
    """Send a request and read the whole answer, its body as it was on the wire.

    Raises UpstreamUnreachable where nothing left, UpstreamError where no answer came.
    """
    try:
        response = await transport.handle_async_request(request)
        try:
            body = b"".join([part async for part in response.aiter_raw()])
        finally:
            await response.aclose()
    except _NEVER_LEFT as error:
        raise UpstreamUnreachable(f"Supabase cannot be reached: {type(error).__name__}") from error
    except httpx.TransportError as error:
        # Its own text may hold a header's value, and so a token.
        raise UpstreamError(f"Supabase broke off: {type(error).__name__}") from error
    headers = tuple((n, v) for n, v in response.headers.items() if n.lower() not in _OWN)
    return Answer(response.status_code, headers, body)


def json_of(answer: Answer) -> Any:
    """Read an answer that should be 200 and JSON; raises UpstreamError where it is neither."""
    response = httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    if answer.status != 200:
        raise UpstreamError(f"the answer's status is {answer.status}")
    try:
        return response.json()
    except ValueError as error:
        raise UpstreamError("the answer is not JSON") from error
