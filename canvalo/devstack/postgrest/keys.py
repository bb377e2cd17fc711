"""The keys by which tokens are verified: a shared secret, a JSON Web Key, or a set of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

from canvalo.devstack.errors import DevstackError

ALGORITHMS = jwt.algorithms.get_default_algorithms()
_FAMILIES = {"oct": ("HS",), "RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}
_READERS: dict[str, Any] = {
    "oct": HMACAlgorithm,
    "RSA": RSAAlgorithm,
    "EC": ECAlgorithm,
    "OKP": OKPAlgorithm,
}
_SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Key:
    """One key: which tokens it can verify, and how."""

    families: tuple[str, ...]
    material: Any
    kid: str | None = None
    algorithm: str | None = None

    def suits(self, algorithm: str, kid: str | None) -> bool:
        """Whether a token with this header may have been signed with it."""
        named = kid is None or kid == self.kid
        allowed = self.algorithm in (None, algorithm)
        return named and allowed and algorithm.startswith(self.families)

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Whether the signature is right."""
        return ALGORITHMS[algorithm].verify(signed, self.material, signature)


def load(secret: str | None, file: Path | None) -> tuple[Key, ...]:
    """The keys of the secret and of the file; none where neither is given.

    Raises DevstackError where one cannot be used.
    """
    keys = _from_secret(secret) if secret else ()
    return keys + (_from_set(read_set(file), str(file)) if file else ())


def read_set(file: Path) -> dict[str, Any]:
    """The JSON Web Key Set in a file; DevstackError where there is none."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise DevstackError(f"cannot read the key set {file}: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise DevstackError(f"{file} holds no JSON Web Key Set")
    return found


def _from_secret(secret: str) -> tuple[Key, ...]:
    """A secret is a key set or a key where it is JSON of that form, otherwise the key itself."""
    try:
        found = json.loads(secret)
    except ValueError:
        found = None
    if isinstance(found, dict) and ("keys" in found or "kty" in found):
        return _from_set(found if "keys" in found else {"keys": [found]}, "the JWT secret")
    if len(secret.encode()) < _SHORTEST:
        raise DevstackError(f"the JWT secret must be at least {_SHORTEST} characters long")
    return (Key(("HS",), secret.encode(), algorithm="HS256"),)


def _from_set(found: dict[str, Any], where: str) -> tuple[Key, ...]:
    try:
        return tuple(_from_jwk(jwk) for jwk in found["keys"] if jwk.get("use") != "enc")
    except (jwt.PyJWTError, ValueError, KeyError, AttributeError) as error:
        raise DevstackError(f"{where}: this key cannot be used: {error!r}") from None


def _from_jwk(jwk: dict[str, Any]) -> Key:
    kind = jwk["kty"]
    material: Any = _READERS[kind].from_jwk(jwk)
    if hasattr(material, "public_key"):
        material = material.public_key()
    return Key(_FAMILIES[kind], material, jwk.get("kid"), jwk.get("alg"))
