"""A transport for httpx's sync client whose requests are sent in an event loop elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import httpx

T = TypeVar("T")


class Run(Protocol):
    """Does work in the other loop and waits for it."""

    def __call__(self, work: Callable[[], Awaitable[T]], /) -> T: ...


class HandOver(httpx.BaseTransport):
    """Hands each request over, streams bodies both ways, and raises what is raised there."""

    def __init__(self, transport: httpx.AsyncBaseTransport, run: Run) -> None:
        self._transport = transport
        self._run = run

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request there; the calling thread waits."""
        asked = _async(request)
        answer = self._run(lambda: self._transport.handle_async_request(asked))
        request.extensions = asked.extensions
        kept = {
            name: value for name, value in answer.extensions.items() if name != "network_stream"
        }
        stream = answer.stream
        if not isinstance(stream, httpx.ByteStream):
            assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101
            stream = _Down(stream, self._run)
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=stream, extensions=kept
        )


def _async(request: httpx.Request) -> httpx.Request:
    """The same request as an async client would have made it."""
    whole = isinstance(request.stream, httpx.ByteStream)
    given: dict[str, Any] = {"content": request.read()} if whole else {"stream": _Up(request)}
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        extensions=request.extensions,
        **given,
    )


class _Up(httpx.AsyncByteStream):
    """A body that is read as it is sent, by threads, because reading may block."""

    def __init__(self, request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.SyncByteStream)  # noqa: S101
        self._parts = request.stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = iter(self._parts)
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            yield part


class _Down(httpx.SyncByteStream):
    """A body that is fetched part by part as it is read."""

    def __init__(self, stream: httpx.AsyncByteStream, run: Run) -> None:
        self._stream = stream
        self._run = run

    def __iter__(self) -> Iterator[bytes]:
        parts = aiter(self._stream)
        while (part := self._run(lambda: _next(parts))) is not None:
            yield part

    def close(self) -> None:
        self._run(self._stream.aclose)


def runner(loop: asyncio.AbstractEventLoop) -> Run:
    """How threads have work done in this loop; who is interrupted meanwhile cancels it.

    It raises RuntimeError in the loop's own thread, which would wait for itself.
    """

    def run(work: Callable[[], Awaitable[T]]) -> T:
        future = submit(loop, work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    return run


def submit(loop: asyncio.AbstractEventLoop, work: Callable[[], Awaitable[T]]) -> Future[T]:
    """Have the work done in this loop and go on; raises RuntimeError in the loop's own thread."""
    if _running() is loop:
        raise RuntimeError(
            "this is the loop that would do it: use the async client or an async function here"
        )
    return asyncio.run_coroutine_threadsafe(_awaited(work), loop)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


async def _next(parts: AsyncIterator[bytes]) -> bytes | None:
    return await anext(parts, None)
