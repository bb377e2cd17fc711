"""Making genuine supabase-py clients over a transport of ours."""

from typing import Any

import httpx
from supabase import AsyncClient, Client
from supabase.lib.client_options import AsyncClientOptions, SyncClientOptions

from optimizer.upstream.trip import CALLER

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=10.0)


class BorrowedTransport(httpx.AsyncBaseTransport):
    """A handle on a shared transport; closing a client closes the handle only.

    `caller` says who takes turns with whom; who has none is known by what it shows.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, caller: str = "") -> None:
        self._transport = transport
        self._caller = caller

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on."""
        if self._caller:
            request.extensions[CALLER] = self._caller
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Leave the shared transport open: its owner closes it."""


class _NoCookies(httpx.Cookies):
    """A jar that keeps nothing: what one lease was given is not for the next."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave them in the answer."""


def make_client(
    url: str,
    key: str,
    transport: httpx.AsyncBaseTransport,
    bearer: str | None,
    caller: str = "",
) -> AsyncClient:
    """Make a client for one caller; without a bearer token it speaks with the API key alone.

    The constructor is used instead of `acreate_client`, which would look for a stored session.
    """
    session = httpx.AsyncClient(transport=BorrowedTransport(transport, caller), timeout=TIMEOUT)
    session._cookies = _NoCookies()
    return AsyncClient(url, key, AsyncClientOptions(httpx_client=session, **_options(bearer)))


def make_sync_client(
    url: str, key: str, transport: httpx.BaseTransport, bearer: str | None
) -> Client:
    """The same for callers without an event loop."""
    session = httpx.Client(transport=transport, timeout=TIMEOUT)
    session._cookies = _NoCookies()
    return Client(url, key, SyncClientOptions(httpx_client=session, **_options(bearer)))


def _options(bearer: str | None) -> dict[str, Any]:
    return {
        "headers": {"Authorization": f"Bearer {bearer}"} if bearer else {},
        "auto_refresh_token": False,
        "persist_session": False,
        "postgrest_client_retry": False,  # retries are the transport's business, once
    }
