"""Reading a request of supabase-py: what it asks, and who asks it."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from optimizer.domain import scope as scopes
from optimizer.domain.causal import HEADER
from optimizer.domain.grain.reading import Caller
from optimizer.domain.grain.requests import Write, write_of
from optimizer.domain.query import Change, Read, parse
from optimizer.domain.scope import Scope
from optimizer.errors import TokenError, UpstreamError
from optimizer.upstream.tokens import Claims, TokenVerifier

_REMEMBERED = 4096  # callers whose scope is remembered


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks (None: nothing about rows), and what it shows of its caller."""

    what: Read | Change | None
    bearer: str  # nothing where there is none
    api_key: str
    shown: str  # the caller's `canvalo-token`
    sent_bytes: int


def read_request(request: httpx.Request, base_path: str, schema: str) -> Asked:
    """Read a request; `base_path` is the part of the path that stands before /rest/v1/, `schema`
    what is meant where none is named."""
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    headers = _headers(request)
    return Asked(
        parse(request.method, path.removeprefix(base_path), query, headers, schema),
        _bearer(headers),
        headers.get("apikey", ""),
        headers.get(HEADER, ""),
        int(headers.get("content-length") or 0),
    )


def read_write(change: Change, request: httpx.Request, scope: Scope) -> Write:
    """Read what a request that writes says of the rows that it touches.

    A body that is still to be streamed says nothing, and so it is never held in memory for that.
    """
    try:
        body = request.content
    except httpx.RequestNotRead:
        body = b""
    query, caller = request.url.query.decode("ascii"), Caller(scope.subject, scope.passes_by)
    return write_of(change, query, _headers(request), body, caller, request.method)


def _headers(request: httpx.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _bearer(headers: Mapping[str, str]) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


class Callers:
    """Whose answers a caller may be given; `trusted_user` is whom the process itself vouches for.

    A token's signature and expiry are verified each time; its scope is made once.
    """

    def __init__(self, verifier: TokenVerifier, trusted_user: str | None = None) -> None:
        self._verifier = verifier
        self._trusted = None if trusted_user is None else scopes.from_user_id(trusted_user)
        self._known: OrderedDict[tuple[str, str], tuple[Claims, Scope]] = OrderedDict()

    async def scope(self, bearer: str, api_key: str) -> Scope:
        """The caller's scope; what cannot be verified is cached for nobody."""
        if self._trusted is not None:
            return self._trusted
        if not bearer:
            return scopes.UNVERIFIED
        if bearer.startswith("sb_"):
            return scopes.from_key(bearer, api_key)
        try:
            claims = await self._verifier.verify(bearer)
        except TokenError:
            return scopes.UNVERIFIED  # Supabase will say what is wrong with it
        except UpstreamError:
            return scopes.UNVERIFIED  # without keys nothing can be verified, so nothing is cached
        return self._scope_of(claims, bearer, api_key)

    def _scope_of(self, claims: Claims, bearer: str, api_key: str) -> Scope:
        known = self._known.get((bearer, api_key))
        if known is None or known[0] is not claims:
            known = self._known[bearer, api_key] = claims, scopes.from_claims(claims, api_key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known[1]
