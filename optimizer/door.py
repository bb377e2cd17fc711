"""The httpx transport through which supabase-py's requests enter the engine."""

from collections.abc import Mapping
from typing import Final

import httpx

from optimizer.cache.served import Served
from optimizer.domain import causal
from optimizer.domain import scope as scopes
from optimizer.domain.answer import Answer, Call
from optimizer.domain.causal import HEADER
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.query import Change, Read, parse
from optimizer.domain.scope import Scope
from optimizer.engine import Engine
from optimizer.errors import TokenError, UpstreamError
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import ask

SERVED: Final = "canvalo.served"  # the response's extension that holds the `Served`


class Door(httpx.AsyncBaseTransport):
    """Sends questions about rows through the engine, and everything else on untouched.

    `trusted_user` is the user id for which the process itself vouches; its scope is never shared
    with that of a token.
    """

    def __init__(
        self,
        engine: Engine,
        transport: httpx.AsyncBaseTransport,
        verifier: TokenVerifier,
        base_path: str = "",
        trusted_user: str | None = None,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._verifier = verifier
        self._base_path = base_path
        self._trusted_user = trusted_user

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; errors are the engine's (`optimizer.errors`)."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = _lower(request.headers)
        asked = parse(request.method, path.removeprefix(self._base_path), query, headers)
        call = Call(lambda: ask(self._transport, request), int(headers.get("content-length") or 0))
        shown = headers.pop(HEADER, "")
        request.headers.pop(HEADER, None)  # it is for us
        if isinstance(asked, Read):
            demand = causal.demand(shown) if shown else None
            return _served(await self._engine.read(asked, await self._scope(headers), call, demand))
        if isinstance(asked, Change):
            done = await self._engine.change(asked, call)
            return _response(done.answer, {"x-cache": "bypass", HEADER: done.token})
        return await self._transport.handle_async_request(request)

    async def _scope(self, headers: Mapping[str, str]) -> Scope:
        if self._trusted_user is not None:
            return scopes.from_user_id(self._trusted_user)
        api_key = headers.get("apikey", "")
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return scopes.UNVERIFIED
        if token.startswith("sb_"):
            return scopes.from_key(token)
        try:
            claims = await self._verifier.verify(token)
        except TokenError:
            return scopes.UNVERIFIED  # Supabase will say what is wrong with it
        except UpstreamError:
            return scopes.UNVERIFIED  # without keys nothing can be verified, so nothing is cached
        return scopes.from_claims(claims, api_key)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _served(served: Served) -> httpx.Response:
    """Say in headers how the read was answered."""
    failed = served.outcome is ReadOutcome.ERROR  # which no cache had a part in
    extra = {"x-cache": (ReadOutcome.BYPASS if failed else served.outcome).value}
    if served.age or served.outcome in ("hit", "stale"):
        extra["age"] = str(int(served.age))
    response = _response(served.answer, extra)
    response.extensions[SERVED] = served
    return response


def _response(answer: Answer, extra: Mapping[str, str]) -> httpx.Response:
    headers = [*answer.headers, *extra.items()]
    return httpx.Response(answer.status, headers=headers, content=answer.body)
