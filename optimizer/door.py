"""The httpx transport through which supabase-py's requests enter the engine."""

from collections.abc import Hashable, Mapping
from typing import Final

import httpx

from optimizer.cache.served import Served
from optimizer.callers import Asked, Callers, read_request, read_write
from optimizer.domain import causal
from optimizer.domain.answer import Answer, Call
from optimizer.domain.causal import HEADER
from optimizer.domain.facts import ReadOutcome
from optimizer.domain.query import Change, Read
from optimizer.engine import Engine
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import SharedTransport

SERVED: Final = "canvalo.served"  # the response's extension that holds the `Served`
_REPEATED = frozenset({"GET", "HEAD"})
_REMEMBERED = 512  # requests of one client that need not be read again


class Door(httpx.AsyncBaseTransport):
    """Sends questions about rows through the engine, and everything else on untouched.

    `trusted_user` is the user id for which the process itself vouches; its scope is never shared
    with that of a token. `schema` is the one meant where a request names none.
    """

    def __init__(
        self,
        engine: Engine,
        transport: SharedTransport,
        verifier: TokenVerifier,
        base_path: str = "",
        trusted_user: str | None = None,
        schema: str = "public",
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._callers = Callers(verifier, trusted_user)
        self._base_path = base_path
        self._schema = schema
        self._known: dict[Hashable, Asked] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; errors are the engine's (`optimizer.errors`)."""
        asked = self._asked(request)
        if asked.shown:
            request.headers.pop(HEADER, None)  # it is for us
        call = Call(lambda: self._transport.ask(request), asked.sent_bytes)
        if isinstance(asked.what, Read):
            demand = causal.demand(asked.shown) if asked.shown else None
            scope = await self._callers.scope(asked.bearer, asked.api_key)
            return _served(await self._engine.read(asked.what, scope, call, demand))
        if isinstance(asked.what, Change):
            scope = await self._callers.scope(asked.bearer, asked.api_key)
            done = await self._engine.change(read_write(asked.what, request, scope), call)
            return _response(done.answer, {"x-cache": "bypass", HEADER: done.token})
        return await self._transport.handle_async_request(request)

    def _asked(self, request: httpx.Request) -> Asked:
        """Read a request; an equal one of before has been read already."""
        if request.method not in _REPEATED:
            return read_request(request, self._base_path, self._schema)
        name = (request.method, request.url.raw_path, *request.headers.raw)
        asked = self._known.get(name)
        if asked is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            asked = self._known[name] = read_request(request, self._base_path, self._schema)
        return asked


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
