"""Making genuine supabase-py clients over a transport of ours."""

from collections.abc import Mapping

import httpx
from supabase import AsyncClient
from supabase.lib.client_options import AsyncClientOptions

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=10.0)


class BorrowedTransport(httpx.AsyncBaseTransport):
    """A handle on a shared transport; closing a client closes the handle only."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on."""
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Leave the shared transport open: its owner closes it."""


def make_client(
    url: str, key: str, transport: httpx.AsyncBaseTransport, bearer: str | None
) -> AsyncClient:
    """Make a client for one caller; without a bearer token it speaks with the API key alone.

    The constructor is used instead of `acreate_client`, which would look for a stored session.
    """
    headers: Mapping[str, str] = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    session = httpx.AsyncClient(transport=BorrowedTransport(transport), timeout=TIMEOUT)
    options = AsyncClientOptions(
        headers=dict(headers),
        httpx_client=session,
        auto_refresh_token=False,
        persist_session=False,
        postgrest_client_retry=False,  # retries are the transport's business, once
    )
    return AsyncClient(url, key, options)
