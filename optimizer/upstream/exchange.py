"""One request, one answer: a single attempt, what became of it, and foreign errors mapped once."""

from collections.abc import Mapping
from typing import Any

import httpx

from optimizer.domain.answer import Answer
from optimizer.domain.retry import Failure
from optimizer.errors import UpstreamError, UpstreamUnreachable

# Headers that belong to one connection or one moment, not to the answer.
_OWN = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "set-cookie"}
)
_NO_CONNECTION = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.UnsupportedProtocol,
)  # fmt: skip


class Witness:
    """Notes how far the sending of a request came, as httpcore's `trace` extension tells it."""

    def __init__(self, request: httpx.Request) -> None:
        """Watch each attempt of this request."""
        self._last = "body" if _has_body(request) else "headers"
        self.left_whole = False
        request.extensions = {**request.extensions, "trace": self._hear}

    async def _hear(self, event: str, _: Mapping[str, Any]) -> None:
        """Without the beginning of its last part a request is no request to whoever receives it."""
        self.left_whole = self.left_whole or event.endswith(f"send_request_{self._last}.started")


def _has_body(request: httpx.Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


async def read_whole(response: httpx.Response) -> Answer:
    """Read an answer to its end, its body as it was on the wire, and close it."""
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101
    try:
        body = b"".join([part async for part in response.stream])
    finally:
        await response.stream.aclose()
    headers = tuple(pair for pair in response.headers.multi_items() if pair[0] not in _OWN)
    return Answer(response.status_code, headers, body)


def failure_of(
    error: httpx.TransportError, witness: Witness | None = None, http2: bool = False
) -> Failure:
    """What an error of httpx means; without a witness what was sent counts as having left.

    In HTTP/2 httpx also reports a connection that the server took leave of as our own mistake.
    """
    if isinstance(error, httpx.LocalProtocolError) and not http2:
        return Failure.MALFORMED
    if isinstance(error, _NO_CONNECTION) or (witness is not None and not witness.left_whole):
        return Failure.NOT_SENT
    return Failure.SLOW if isinstance(error, httpx.TimeoutException) else Failure.BROKEN


def mapped(error: httpx.TransportError, failure: Failure) -> UpstreamError:
    """The error as callers of the engine know it; its own text may hold a header's token."""
    said = type(error).__name__
    if failure in (Failure.NOT_SENT, Failure.MALFORMED):
        return UpstreamUnreachable(f"Supabase cannot be reached ({said}): is SUPABASE_URL right?")
    return UpstreamError(f"Supabase broke off: {said}")


async def ask(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> Answer:
    """Send a request over any transport and read the whole answer.

    Raises UpstreamUnreachable where nothing left, UpstreamError where no answer came.
    """
    try:
        return await read_whole(await transport.handle_async_request(request))
    except httpx.TransportError as error:
        raise mapped(error, failure_of(error)) from error


def json_of(answer: Answer) -> Any:
    """Read an answer that should be 200 and JSON; raises UpstreamError where it is neither."""
    response = httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    if answer.status != 200:
        raise UpstreamError(f"the answer's status is {answer.status}")
    try:
        return response.json()
    except ValueError as error:
        raise UpstreamError("the answer is not JSON") from error
