"""Who is asking: verified JWT claims → the scope under which answers may be shared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Claims that change with each sign-in or refresh and that policies have no business reading.
VOLATILE_CLAIMS = frozenset({"exp", "iat", "nbf", "jti", "session_id", "amr"})


class ScopeKind(StrEnum):
    """Where the identity comes from; two kinds never share an entry."""

    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    KEY = "key"  # an opaque sb_… API key
    TRUSTED = "trusted"  # a user id given in process, without a token
    UNVERIFIED = "unverified"  # passed through, never cached


@dataclass(frozen=True, slots=True)
class Scope:
    """An identity as the cache sees it: a kind and a hash, never a token or a name."""

    kind: ScopeKind
    digest: str
    role: str = ""

    @property
    def cacheable(self) -> bool:
        """Whether answers to this caller may be stored at all."""
        return self.kind is not ScopeKind.UNVERIFIED


UNVERIFIED = Scope(ScopeKind.UNVERIFIED, "")


def digest(*parts: Any) -> str:
    """Hash JSON-able parts so that no two different lists of parts collide."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def from_claims(claims: Mapping[str, Any], api_key: str = "") -> Scope:
    """Make the scope of a verified token: its role and every claim that a policy can read.

    `api_key` is hashed in where it is opaque, because the gateway may treat keys differently.
    """
    stable = {k: v for k, v in claims.items() if k not in VOLATILE_CLAIMS}
    return Scope(
        ScopeKind.TOKEN,
        digest("token", stable, _opaque(api_key)),
        str(claims.get("role", "")),
    )


def from_key(api_key: str) -> Scope:
    """Make the scope of a caller that shows an opaque API key and no user token."""
    return Scope(ScopeKind.KEY, digest("key", api_key), "")


def from_user_id(user_id: str) -> Scope:
    """Make the scope of a user id that was given in process; never shared with tokens."""
    return Scope(ScopeKind.TRUSTED, digest("trusted", user_id), "service_role")


def _opaque(api_key: str) -> str:
    return api_key if api_key.startswith("sb_") else ""
