"""Verifying Supabase's user tokens: a shared secret (HS256) or published keys (ES256, RS256)."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import jwt

from optimizer.errors import TokenExpired, TokenInvalid

Claims = Mapping[str, Any]
FetchKeys = Callable[[], Awaitable[Mapping[str, Any]]]

_KEY_TYPES = {"EC": "ES256", "RSA": "RS256"}
_REMEMBERED = 4096  # verified tokens; a signature need not be computed for each request
_REFRESH_AFTER = 30.0  # s between fetches of the key set, however many unknown keys are named
_LEEWAY = 0


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
        self._fetch_keys = fetch_keys
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._known: OrderedDict[bytes, Claims] = OrderedDict()

    @property
    def configured(self) -> bool:
        """Whether any token can be verified at all."""
        return bool(self._secret or self._fetch_keys)

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token; raises TokenExpired or TokenInvalid."""
        name = hashlib.sha256(token.encode()).digest()
        claims = self._known.get(name)
        if claims is None:
            claims = _decode(token, *await self._key(token))
            self._remember(name, claims)
        _check_times(claims, self._clock())
        return claims

    def _remember(self, name: bytes, claims: Claims) -> None:
        self._known[name] = claims
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _key(self, token: str) -> tuple[Any, str]:
        """Choose key and algorithm by what the header names and we hold."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise TokenInvalid("the token is not a JSON Web Token") from error
        if header.get("alg") == "HS256" and self._secret:
            return self._secret, "HS256"
        key = await self._published(str(header.get("kid", "")))
        algorithm = _KEY_TYPES.get(key.key_type or "", "") if key else ""
        if key is None or header.get("alg") != algorithm:
            raise TokenInvalid("the token is signed by a key or an algorithm that is not accepted")
        return key.key, algorithm

    async def _published(self, kid: str) -> jwt.PyJWK | None:
        """Find a published key; one that is unknown is asked for again, within bounds."""
        stale = self._clock() - self._fetched_at > _REFRESH_AFTER
        if kid not in self._keys and self._fetch_keys is not None and stale:
            self._fetched_at = self._clock()
            self._keys = _key_set(await self._fetch_keys())
        return self._keys.get(kid)


def _key_set(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = [k for k in document.get("keys", []) if k.get("kty") in _KEY_TYPES]
    return {str(k.get("kid", "")): jwt.PyJWK.from_dict(dict(k)) for k in keys}


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
    for name in ("exp", "nbf"):
        if not isinstance(claims.get(name, 0), int | float):
            raise TokenInvalid(f"the token's {name} is not a number")
    if "exp" in claims and claims["exp"] <= now - _LEEWAY:
        raise TokenExpired("the token has expired; sign in again")
    if claims.get("nbf", 0) > now + _LEEWAY:
        raise TokenInvalid("the token is not valid yet")
