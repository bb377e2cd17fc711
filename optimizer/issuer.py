"""Tokens of one issuer: where a secret or a key set is shared, another project's tokens are none.

Supabase names itself in `iss` (https://PROJECT.supabase.co/auth/v1). The check is on request, since
tokens that a program mints for itself often name nobody.
"""

from optimizer.errors import TokenInvalid
from optimizer.upstream.keys import FetchKeys
from optimizer.upstream.tokens import Claims, TokenVerifier


class IssuerVerifier(TokenVerifier):
    """A verifier that also wants `iss` to be `issuer`; empty asks for nobody in particular."""

    def __init__(self, issuer: str, secret: str = "", fetch_keys: FetchKeys | None = None) -> None:
        super().__init__(secret, fetch_keys)
        self._issuer = issuer

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token of that issuer; raises what TokenVerifier raises."""
        claims = await super().verify(token)
        if self._issuer and claims.get("iss") != self._issuer:
            raise TokenInvalid("the token was issued by somebody else")
        return claims
