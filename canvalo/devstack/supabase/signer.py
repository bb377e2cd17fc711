"""Signs the tokens of users: with the project's secret, or with its private key."""

import time
from typing import Any

from canvalo.devstack import tokens
from canvalo.devstack.postgrest.keys import read_set
from canvalo.devstack.postgrest.settings import Settings

from .sessions import Session

LIFETIME = 3600  # seconds


class Signer:
    """What a project signs with: a private JSON Web Key where it has one, else its secret."""

    def __init__(self, settings: Settings) -> None:
        keys = read_set(settings.jwks_file) if settings.jwks_file else {"keys": []}
        self.public = tokens.public_jwks(keys)
        self._private = next((key for key in keys["keys"] if "d" in key), None)
        self._secret = settings.jwt_secret
        self._issuer = f"http://{settings.host}:{settings.port}/auth/v1"

    @property
    def can_sign(self) -> bool:
        """Whether there is anything to sign with."""
        return self._private is not None or bool(self._secret)

    def token(self, user: dict[str, Any], session: Session) -> str:
        """An access token of a user as it is shown to clients."""
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": user["aud"],
            "phone": user["phone"],
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": int(time.time())}],
            "session_id": session.id,
            "is_anonymous": False,
        }
        who = {"role": user["role"], "sub": user["id"], "email": user["email"]}
        if self._private is not None:
            return tokens.mint_with_key(self._private, **who, expires_in=LIFETIME, **claims)
        return tokens.mint(str(self._secret), **who, expires_in=LIFETIME, **claims)
