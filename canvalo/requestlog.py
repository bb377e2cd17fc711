"""A name for each request, in every log line that it causes and in its answer.

A proxy's own `X-Request-ID` is kept where it looks like one, so that both logs can be joined.
"""

import logging
import re
import time
import uuid
from contextvars import ContextVar

from canvalo.limits import App, Message, Receive, Send

logger = logging.getLogger("canvalo.requests")
HEADER = b"x-request-id"
_FIT = re.compile(rb"[A-Za-z0-9._-]{8,64}")  # nothing that could break a line or a header
_current: ContextVar[str] = ContextVar("canvalo_request_id", default="-")


class AddRequestId(logging.Filter):
    """Gives each record the `request_id` of the request that runs, or `-`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the name; every record passes."""
        record.request_id = _current.get()
        return True


def named(app: App) -> App:
    """Serve by `app`; the request's name is in the answer, and one line tells its end."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        name, start, status = _name(scope), time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, name.encode())]}
            await send(message)

        reset = _current.set(name)
        try:
            await app(scope, receive, sending)
        finally:
            _tell(scope, status, time.perf_counter() - start)
            _current.reset(reset)

    return serve


def _name(scope: Message) -> str:
    given = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return given.decode() if _FIT.fullmatch(given) else uuid.uuid4().hex


def _tell(scope: Message, status: int, seconds: float) -> None:
    """One line; the query is left out, since it holds what people search for."""
    extra = {"method": scope["method"], "path": scope["path"], "status": status}
    extra["milliseconds"] = round(seconds * 1000, 1)
    logger.info("%s %s", scope["method"], status, extra=extra)
