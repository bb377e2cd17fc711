"""What a request may weigh and how long it may take, judged before Django sees it.

Django spools a whole body to disk before any view can refuse it, and waits for one for ever.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds; the values are below what nginx before it allows by default, or near."""

    body: int = 1_000_000
    headers: int = 32_000  # all names and values together
    header_count: int = 100
    address: int = 8_000  # path and query
    arrive: float = 30.0  # s in which the body must have come
    answer: float = 120.0  # s for everything, the longest batch included


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: the status, the API's code and a sentence."""

    status: int
    code: str
    detail: str


class Refused(Exception):  # noqa: N818 - an answer more than a fault
    """Ends a request with this refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


TOO_LARGE = Refusal(413, "too_large", "the body is larger than one megabyte")
TOO_MANY = Refusal(431, "headers_too_large", "the headers are too many or too long")
TOO_LONG = Refusal(414, "address_too_long", "the address is too long")
TOO_LATE = Refusal(408, "body_too_slow", "the body did not arrive in time")
TOO_SLOW = Refusal(503, "too_slow", "the answer took too long; a write may have been done")


def judge(scope: Message, limits: Limits) -> None:
    """Raise Refused by what the request's head says, before any of its body is read."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > limits.address:
        raise Refused(TOO_LONG)
    weight = sum(len(name) + len(value) for name, value in headers)
    if weight > limits.headers or len(headers) > limits.header_count:
        raise Refused(TOO_MANY)
    said = next((value for name, value in headers if name == b"content-length"), b"0")
    if said.isdigit() and int(said) > limits.body:
        raise Refused(TOO_LARGE)


def limited(app: App, limits: Limits | None = None) -> App:
    """Serve by `app` what keeps within the limits; the rest is told why in the API's shape."""
    held = limits or Limits()

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        exchange = _Exchange(receive, send, held)
        try:
            judge(scope, held)
            async with asyncio.timeout(held.answer):
                await app(scope, exchange.receive, exchange.send)
        except Refused as refused:
            await exchange.refuse(refused.refusal)
        except TimeoutError:
            await exchange.refuse(TOO_SLOW)

    return guarded


class _Exchange:
    """One request's messages, counted on their way."""

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._deadline = asyncio.get_running_loop().time() + limits.arrive
        self._got = 0
        self._whole = self._started = False

    async def receive(self) -> Message:
        """Pass a message on; raises Refused for a body that is too large or too slow."""
        if self._whole:  # what comes now is the client going away, whenever that is
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as late:
            raise Refused(TOO_LATE) from late
        self._got += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._got > self._limits.body:
            raise Refused(TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on, and note that the answer has begun."""
        self._started = True
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with the refusal and close; an answer that has begun is cut off instead."""
        if self._started:
            raise Refused(refusal)
        body = json.dumps({"detail": refusal.detail, "code": refusal.code}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),  # the rest of the body is not waited for
        ]
        start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
