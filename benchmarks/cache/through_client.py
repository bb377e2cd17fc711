"""A hit through supabase-py, beside supabase-py over a transport that answers at once."""

from typing import Any

import httpx
from supabase import AsyncClient, acreate_client
from supabase.lib.client_options import AsyncClientOptions

from benchmarks.cache.timing import microseconds, must_be
from benchmarks.report import Row
from optimizer import supabase_client
from optimizer.runtime import Runtime


class AtOnce(httpx.AsyncBaseTransport):
    """Answers every request with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer without looking."""
        headers = [("content-type", "application/json; charset=utf-8"), ("content-range", "0-49/*")]
        return httpx.Response(200, headers=headers, content=self.body)


async def rows(engine: Runtime, url: str, anon: str, token: str, quick: bool) -> list[Row]:
    """The same query, the same bytes; both clients stay open."""
    async with supabase_client(access_token=token) as client:
        filled = await _query(client).request.send(httpx.Headers())
        options = AsyncClientOptions(
            headers={"Authorization": f"Bearer {token}"},
            httpx_client=httpx.AsyncClient(transport=AtOnce(filled.content)),
        )
        plain = await acreate_client(url, anon, options)

        async def ours() -> Any:
            return (await _query(client).execute()).data

        async def theirs() -> Any:
            return (await _query(plain).execute()).data

        must_be(await ours(), await theirs(), "supabase-py")
        calls = {"ours": ours, "supabase-py": theirs}
        took = await microseconds("through supabase-py", calls, 40 if quick else 150, 25)
        await plain.postgrest.aclose()
    name = "hit through supabase-py, µs: ours, over a transport that answers at once"
    return [Row(name, took["ours"], took["supabase-py"], "<= 1.1")]


def _query(client: AsyncClient) -> Any:
    return client.schema("api").table("contacts").select("*").limit(50)
