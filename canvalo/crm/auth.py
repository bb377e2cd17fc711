"""Who calls the CRM: the bearer of a verified Supabase token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from optimizer.errors import TokenMissing
from optimizer.runtime import current


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified token and its claims."""

    token: str
    claims: Mapping[str, Any]


class SupabaseToken(HttpBearer):
    """`Authorization: Bearer <Supabase JWT>`; signature and expiry are verified here."""

    async def __call__(self, request: HttpRequest) -> Caller:
        """Return the caller; raises TokenMissing, TokenExpired or TokenInvalid."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenMissing(
                "send a Supabase user token: 'Authorization: Bearer …' "
                "(`manage.py devtoken alice` prints one)"
            )
        return await self.authenticate(request, token.strip())

    async def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Verify the token."""
        return Caller(token, await current().verifier.verify(token))


def token_of(request: HttpRequest) -> str:
    """The verified token of a request that came through `SupabaseToken`."""
    return cast(Caller, request.auth).token  # type: ignore[attr-defined]  # ninja sets it
