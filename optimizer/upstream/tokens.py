"""Verifying Supabase's user tokens: a shared secret (HS256) or published keys (ES256, RS256)."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from optimizer.errors import TokenExpired, TokenInvalid
from optimizer.upstream.keys import FetchKeys, PublishedKeys

Claims = Mapping[str, Any]

_REMEMBERED = 4096  # verified tokens; a signature need not be computed for each request
_FAR = 1e15  # epoch s; a time beyond it is no time
_SKEW = 30.0  # s by which the issuer's clock may be ahead, as PostgREST has it


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token's signature proved; `key` is None for the shared secret."""

    claims: Claims
    kid: str
    key: jwt.PyJWK | None


class TokenVerifier:
    """Verifies signature and expiry, and remembers what it verified by the token's hash.

    The algorithm is fixed by the kind of key, never by the token: a public key is not taken for a
    shared secret, and `none` is not an algorithm.
    """

    def __init__(
        self,
        secret: str = "",
        fetch_keys: FetchKeys | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._keys = PublishedKeys(fetch_keys, clock) if fetch_keys else None
        self._clock = clock
        self._known: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token.

        Raises TokenExpired or TokenInvalid, and UpstreamError where the keys cannot be fetched.
        """
        name = hashlib.sha256(token.encode(errors="replace")).digest()
        known = self._known.get(name)
        if known is None or not await self._stands(known):
            known = await self._verify_signature(token)
            self._remember(name, known)
        _check_times(known.claims, self._clock())
        return known.claims

    async def _stands(self, known: _Verified) -> bool:
        """Whether the key that proved a token is still published, in the set held now."""
        return known.key is None or await self._published(known.kid) is known.key

    def _remember(self, name: bytes, verified: _Verified) -> None:
        self._known[name] = verified
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _verify_signature(self, token: str) -> _Verified:
        """Choose key and algorithm by what the header names and we hold, and verify with them."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenInvalid("the token is not a JSON Web Token") from error
        if header.get("alg") == "HS256" and self._secret:
            return _Verified(_decode(token, self._secret, "HS256"), "", None)
        kid = str(header.get("kid", ""))
        key = await self._published(kid)
        if key is None or header.get("alg") != key.algorithm_name:
            raise TokenInvalid("the token is signed by a key or an algorithm that is not accepted")
        return _Verified(_decode(token, key.key, key.algorithm_name), kid, key)

    async def _published(self, kid: str) -> jwt.PyJWK | None:
        return await self._keys.find(kid) if self._keys is not None else None


def _decode(token: str, key: Any, algorithm: str) -> Claims:
    options: Any = {
        "verify_aud": False,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
    }  # fmt: skip - times are checked at each use, below
    try:
        claims: Claims = jwt.decode(token, key, algorithms=[algorithm], options=options)
    except jwt.PyJWTError as error:
        raise TokenInvalid("the token's signature is not valid") from error
    return claims


def _check_times(claims: Claims, now: float) -> None:
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if not isinstance(value, int | float) or not abs(value) < _FAR:  # NaN is not less either
            raise TokenInvalid(f"the token's {name} is not a number")
    if "exp" in claims and claims["exp"] <= now:
        raise TokenExpired("the token has expired; sign in again")
    if claims.get("nbf", 0) > now:
        raise TokenInvalid("the token is not valid yet")
    if claims.get("iat", 0) > now + _SKEW:
        raise TokenInvalid("the token was issued in the future")
