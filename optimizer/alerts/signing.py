"""Signatures of webhooks by Standard Webhooks, for which receivers find a library. Pure.

HMAC-SHA256 of `id.timestamp.body`: who holds the secret can tell that a body came from here, that
nobody changed it, and that it is not an old one sent again.
"""

import base64
import binascii
import hmac
from datetime import datetime
from hashlib import sha256

from optimizer.errors import ConfigurationError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key


def keys_of(secrets: str) -> list[bytes]:
    """The keys of a setting, new and old with a space between; raises ConfigurationError.

    The error does not repeat what is wrong: it is a secret.
    """
    return [_key(secret) for secret in secrets.split()]


def signed(secrets: str, key: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers by which a body is known; one signature for each secret, none without one."""
    keys = keys_of(secrets)
    if not keys:
        return {}
    moment = str(int(at.timestamp()))
    content = b".".join((key.encode(), moment.encode(), body))
    return {
        "webhook-id": key,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(_signature(one, content) for one in keys),
    }


def _signature(key: bytes, content: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(key, content, sha256)).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ConfigurationError(
            f"a webhook's secret is {PREFIX} and base64 of {SHORTEST} to {LONGEST} random bytes"
        )
    return key
