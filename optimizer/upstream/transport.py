"""The one shared httpx transport, and foreign errors mapped once, at this edge."""

import httpx

from optimizer.domain.answer import Answer
from optimizer.errors import UpstreamError, UpstreamUnreachable

# Headers that belong to one connection or one moment, not to the answer.
_OWN = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "set-cookie"}
)
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def make_transport(max_connections: int) -> httpx.AsyncHTTPTransport:
    """Open the transport that all clients of a process and event loop share.

    HTTP/1.1: behind an edge that sends GOAWAY, concurrent HTTP/2 requests fail in bulk
    (httpx issue 3072, supabase-py issue 1064).
    """
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=30.0,
    )
    return httpx.AsyncHTTPTransport(http1=True, http2=False, limits=limits, retries=1)


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
        raise UpstreamUnreachable(f"Supabase cannot be reached: {error!r}") from error
    except httpx.TransportError as error:
        raise UpstreamError(f"Supabase broke off: {error!r}") from error
    headers = tuple((n, v) for n, v in response.headers.items() if n.lower() not in _OWN)
    return Answer(response.status_code, headers, body)
