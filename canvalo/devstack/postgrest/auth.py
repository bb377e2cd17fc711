"""Who is asking: the `Authorization` header → a role and its claims, or PostgREST's refusal."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Refusal
from .keys import ALGORITHMS, Key

SKEW = 30  # seconds by which clocks may differ
_REMEMBERED = 1000  # verified tokens
Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """The role to take on, and `request.jwt.claims` as JSON."""

    role: str
    claims: str
    is_anonymous: bool = False


class Authenticator:
    """Verifies tokens; what was verified once is remembered, its times are checked each time."""

    def __init__(
        self, keys: tuple[Key, ...], anon_role: str | None, audience: str | None = None
    ) -> None:
        self._keys, self._anon_role, self._audience = keys, anon_role, audience
        self._known: dict[str, Claims] = {}

    def caller(self, token: str | None, now: float) -> Caller:
        """Who sent this token, or nobody in particular; raises Refusal (PGRST300 to 303)."""
        claims = {} if token is None else self._verified(token)
        check_claims(claims, now, self._audience)
        if "role" not in claims and self._anon_role is None:
            raise _required()
        role = claims.get("role", self._anon_role)
        name = role if isinstance(role, str) else json.dumps(role, separators=(",", ":"))
        name = name.encode("utf-8", "replace").decode()  # JSON can hold halves of characters
        text = json.dumps({**claims, "role": name}, separators=(",", ":"))
        return Caller(name, text, name == self._anon_role)

    def _verified(self, token: str) -> Claims:
        if not self._keys:
            raise Refusal(500, "PGRST300", "Server lacks JWT secret")
        if token not in self._known:
            claims = verify(token, self._keys)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[token] = claims
        return self._known[token]


def bearer(header: str | None) -> str | None:
    """The token in an `Authorization` header; None where another scheme, or none, is used."""
    scheme, *rest = (header or "").split(maxsplit=1)[:2] or [""]
    return (rest[0].strip() if rest else "") if scheme.lower() == "bearer" else None


def verify(token: str, keys: tuple[Key, ...]) -> Claims:
    """The claims of a token that one of the keys has signed; raises Refusal (PGRST301, 303)."""
    header, payload, signed, signature = _parts(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm == "none":
        details = "JWT is unsecured but expected 'alg' was not 'none'"
        raise _undecodable("Wrong or unsupported encoding algorithm", details)
    if algorithm not in ALGORITHMS:
        raise _undecodable("JWT cryptographic operation failed")
    suitable = [key for key in keys if key.suits(algorithm, kid)]
    if not suitable:
        raise _no_key("No suitable key was found to decode the JWT")
    if not any(key.verifies(algorithm, signed, signature) for key in suitable):
        raise _no_key("None of the keys was able to decode the JWT")
    return _claims(payload)


def _parts(token: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    if not token:
        raise _undecodable("Empty JWT is sent in Authorization header")
    parts = token.split(".")
    if len(parts) != 3:
        raise _undecodable(f"Expected 3 parts in JWT; got {len(parts)}")
    try:
        decoded = [_decode64(part) for part in parts]
        header = json.loads(decoded[0])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _undecodable("JWT cryptographic operation failed")
    return header, decoded[1], ".".join(parts[:2]).encode(), decoded[2]


def _decode64(text: str) -> bytes:
    """Base64 for URLs without padding, strictly; ValueError otherwise."""
    if not text.isascii() or set(text) & set("+/="):
        raise binascii.Error("not base64url")
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _claims(payload: bytes) -> Claims:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _bad_claims("Parsing claims failed")
    return claims


def check_claims(claims: Claims, now: float, audience: str | None) -> None:
    """Refuse (PGRST303) what is not valid now or not meant for us; an unset audience is anyone."""
    checks: list[tuple[str, str, Callable[[float], bool]]] = [
        ("exp", "JWT expired", lambda time: now - SKEW > time),
        ("nbf", "JWT not yet valid", lambda time: now + SKEW < time),
        ("iat", "JWT issued at future", lambda time: now + SKEW < time),
    ]
    for name, message, is_wrong in checks:
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _bad_claims(f"The JWT '{name}' claim must be a number")
        if is_wrong(value):
            raise _bad_claims(message)
    _check_audience(claims.get("aud"), audience)


def _check_audience(given: Any, audience: str | None) -> None:
    names = given if isinstance(given, list) else [given]
    if given is None:
        return
    if not all(isinstance(name, str) for name in names):
        raise _bad_claims("The JWT 'aud' claim must be a string or an array of strings")
    if audience is not None and names and audience not in names:
        raise _bad_claims("JWT not in audience")


def _no_key(details: str) -> Refusal:
    return _undecodable("No suitable key or wrong key type", details)


def _undecodable(message: str, details: str | None = None) -> Refusal:
    return Refusal(401, "PGRST301", message, details, headers=_invalid(message))


def _bad_claims(message: str) -> Refusal:
    return Refusal(401, "PGRST303", message, headers=_invalid(message))


def _required() -> Refusal:
    headers = (("WWW-Authenticate", "Bearer"),)
    return Refusal(401, "PGRST302", "Anonymous access is disabled", headers=headers)


def _invalid(message: str) -> tuple[tuple[str, str], ...]:
    value = f'Bearer error="invalid_token", error_description="{message}"'
    return (("WWW-Authenticate", value),)
