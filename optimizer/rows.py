"""The door for those who only send rows on: PostgREST's answer as bytes, without a client."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, urlencode

import httpx

from optimizer.cache.served import Served
from optimizer.callers import Callers
from optimizer.config import Config, require
from optimizer.domain.answer import Answer, Call
from optimizer.domain.query import REST_ROOT, Read, parse
from optimizer.engine import Engine
from optimizer.errors import QueryError
from optimizer.upstream.client import TIMEOUT
from optimizer.upstream.clients import Identity
from optimizer.upstream.tokens import TokenVerifier
from optimizer.upstream.transport import SharedTransport
from optimizer.upstream.trip import CALLER

Params = Sequence[tuple[str, str]]
Pairs = tuple[tuple[str, str], ...]
_PACKED = "gzip"  # what `Answer.plain` unpacks
_REMEMBERED = 4096  # questions that need not be read again


class Rows:
    """Asks for rows as the bearer of a token, and hands the answer on as it came."""

    def __init__(
        self, config: Config, engine: Engine, transport: SharedTransport, verifier: TokenVerifier
    ) -> None:
        self._config = config
        self._engine = engine
        self._transport = transport
        self._callers = Callers(verifier)

    async def get(
        self, schema: str, table: str, params: Params, token: str, headers: Mapping[str, str]
    ) -> Served:
        """Ask one question; errors are the engine's. Raises QueryError where it is none."""
        read, path = _question(schema, table, tuple(params), tuple(headers.items()))
        key = self._config.anon_key
        scope = await self._callers.scope(token, key)

        async def ask() -> Answer:
            shown = {**headers, "accept-profile": schema, "apikey": key}
            return await self._ask(path, token, shown)

        return await self._engine.read(read, scope, Call(ask))

    async def _ask(self, path: str, token: str, headers: Mapping[str, str]) -> Answer:
        config = self._config
        require(SUPABASE_URL=config.supabase_url, SUPABASE_ANON_KEY=config.anon_key)
        caller = Identity(token, None).name
        request = httpx.Request(
            "GET",
            config.supabase_url.rstrip("/") + path,
            headers={**headers, "authorization": f"Bearer {token}"},
            extensions={"timeout": TIMEOUT.as_dict(), CALLER: caller},
        )
        return await self._transport.ask(request)


def headers_of(prefer: str, accept: str) -> dict[str, str]:
    """What such a request says of the answer that it wants."""
    said = {"accept": accept, "accept-encoding": _PACKED}
    return {**said, "prefer": prefer} if prefer else said


@lru_cache(_REMEMBERED)
def _question(schema: str, table: str, params: Pairs, headers: Pairs) -> tuple[Read, str]:
    """The question, and its address below Supabase's own."""
    path, query = REST_ROOT + quote(table, safe=""), urlencode(params)
    read = parse("GET", path, query, {**dict(headers), "accept-profile": schema})
    if not isinstance(read, Read):
        raise QueryError(f"{table!r} is no table or view")
    return read, f"{path}?{query}" if query else path
