"""Between ASGI's messages and our values: reading a request, sending a response."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from .errors import Refusal
from .raw import Raw
from .respond import Response

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64 * 2**20


class Gone(Exception):  # noqa: N818 - nobody is left to be told of an error
    """The client went away before its request was complete."""


def head(scope: Scope, prefix: str) -> Raw:
    """The request without its body; the path is what follows the prefix."""
    path = scope["raw_path"].decode("latin-1").removeprefix(prefix)
    return Raw(
        scope["method"],
        path or "/",
        scope["query_string"].decode("latin-1"),
        tuple((name.decode("latin-1"), _text(value)) for name, value in scope["headers"]),
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it arrives; raises Gone where the client leaves."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def whole_body(receive: Receive) -> bytes:
    """The whole body; Refusal (413) where it is larger than is sensible on a laptop."""
    parts, size = [], 0
    async for chunk in chunks(receive):
        size += len(chunk)
        if size > LARGEST_BODY:
            message = f"The body is larger than {LARGEST_BODY} bytes"
            raise Refusal(413, "PGRST102", message)
        parts.append(chunk)
    return b"".join(parts)


async def respond(send: Send, response: Response) -> None:
    """Send a whole response."""
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
