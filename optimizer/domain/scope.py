"""Who is asking: verified JWT claims → the scope under which answers may be shared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from optimizer.domain.ttl import SharedBy

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
    user: str = ""  # a hash of the user id, the same for every kind
    # The token's `sub`, in this process alone: for what policies prove of rows. Never shown.
    subject: str = field(default="", repr=False, compare=False)

    @property
    def passes_by(self) -> bool:
        """Whether policies may not hold for this caller: nothing is proven of whose rows it has."""
        return self.kind is not ScopeKind.TOKEN or self.role == "service_role"

    @property
    def cacheable(self) -> bool:
        """Whether answers to this caller may be stored at all."""
        return self.kind is not ScopeKind.UNVERIFIED

    def shared_by(self, by: SharedBy) -> "Scope":
        """The scope of all whose answers are the same where a policy reads no more than that.

        Only verified tokens are widened: what a key or a process may see, the role does not tell.
        """
        if self.kind is not ScopeKind.TOKEN or by is SharedBy.CALLER:
            return self
        user = self.user if by is SharedBy.USER else ""
        subject = self.subject if by is SharedBy.USER else ""
        return Scope(self.kind, digest("shared", by, self.role, user), self.role, user, subject)


UNVERIFIED = Scope(ScopeKind.UNVERIFIED, "")


def digest(*parts: Any) -> str:
    """Hash JSON-able parts so that no two different lists of parts collide."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def project_of(public_key: str) -> str:
    """A short hash that tells projects apart: one user id may be two people in two of them.

    By the public key and not by the address, which is another through a proxy or a custom domain.
    """
    return digest("project", public_key)[:12]


def from_claims(claims: Mapping[str, Any], api_key: str = "") -> Scope:
    """Make the scope of a verified token: its role and every claim that a policy can read.

    `api_key` is hashed in where it is opaque, because the gateway may treat keys differently.
    """
    stable = {k: v for k, v in claims.items() if k not in VOLATILE_CLAIMS}
    return Scope(
        ScopeKind.TOKEN,
        digest("token", stable, _opaque(api_key)),
        str(claims.get("role", "")),
        hash_user(claims["sub"]) if claims.get("sub") else "",
        str(claims.get("sub", "")),
    )


def from_key(bearer: str, api_key: str = "") -> Scope:
    """Make the scope of a caller that shows an opaque API key and no user token.

    Where two keys are shown, whose rows come is the gateway's business: both are hashed.
    """
    return Scope(ScopeKind.KEY, digest("key", bearer, api_key), "")


def from_user_id(user_id: str) -> Scope:
    """Make the scope of a user id that was given in process; never shared with tokens."""
    return Scope(ScopeKind.TRUSTED, digest("trusted", user_id), "service_role", hash_user(user_id))


def hash_user(user_id: Any) -> str:
    """The hash under which a user's answers can be found, whoever asked for them."""
    return digest("user", str(user_id))[:32]


def _opaque(api_key: str) -> str:
    return api_key if api_key.startswith("sb_") else ""
