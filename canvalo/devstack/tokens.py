"""Makes the tokens and keys that a Supabase project would hand out."""

import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

USERS = {
    "alice": "00000000-0000-4000-8000-00000000a11c",
    "bob": "00000000-0000-4000-8000-000000000b0b",
    "carol": "00000000-0000-4000-8000-0000000ca201",
}
YEAR = 365 * 24 * 3600


def mint(
    secret: str,
    *,
    role: str,
    sub: str | None = None,
    email: str | None = None,
    expires_in: int = 3600,
    **claims: Any,
) -> str:
    """Return an HS256 token with these claims, valid for `expires_in` seconds from now."""
    return jwt.encode(_claims(role, sub, email, expires_in, claims), secret, algorithm="HS256")


def mint_with_key(
    key: dict[str, Any],
    *,
    role: str,
    sub: str | None = None,
    email: str | None = None,
    expires_in: int = 3600,
    **claims: Any,
) -> str:
    """Return a token signed with a private JSON Web Key, as newer Supabase projects do (ES256)."""
    private = jwt.PyJWK(key)
    return jwt.encode(
        _claims(role, sub, email, expires_in, claims),
        private.key,
        algorithm=private.algorithm_name,
        headers={"kid": key["kid"]},
    )


def _claims(
    role: str, sub: str | None, email: str | None, expires_in: int, more: dict[str, Any]
) -> dict[str, Any]:
    now = int(time.time())
    named = {"role": role, "sub": sub, "email": email, "iat": now, "exp": now + expires_in}
    return {name: value for name, value in {**named, **more}.items() if value is not None}


def user(secret: str, name: str, *, expires_in: int = 3600) -> str:
    """Return a token of one of the seeded users: alice, bob or carol."""
    return mint(
        secret,
        role="authenticated",
        sub=USERS[name],
        email=f"{name}@example.com",
        expires_in=expires_in,
        aud="authenticated",
    )


def api_key(secret: str, role: str) -> str:
    """Return the key of a project for `anon` or `service_role`, valid for ten years."""
    return mint(secret, role=role, iss="supabase", expires_in=10 * YEAR)


def new_jwks() -> dict[str, Any]:
    """Return a JSON Web Key Set with one new private key for ES256; keep it secret."""
    key = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1())))
    return {"keys": [{**key, "kid": str(uuid.uuid4()), "use": "sig", "alg": "ES256"}]}


PRIVATE_PARTS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def public_jwks(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the same key set without anything secret: shared secrets and private parts."""
    public = [key for key in keys.get("keys", []) if key.get("kty") != "oct"]
    return {"keys": [{k: v for k, v in key.items() if k not in PRIVATE_PARTS} for key in public]}
