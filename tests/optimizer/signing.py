"""Tokens as a project signs them, and as nobody should."""

import asyncio
import base64
import hashlib
import hmac
import json

import jwt

from canvalo.devstack import tokens
from optimizer.errors import UpstreamError

SECRET = "s" * 48
CLAIMS = {"role": "authenticated", "sub": "alice"}


class Project:
    """Publishes a key set, counts how often it is asked, and fails when told to."""

    def __init__(self):
        self.keys = tokens.new_jwks()
        self.asked = 0
        self.failing = False

    async def fetch(self):
        self.asked += 1
        await asyncio.sleep(0)
        if self.failing:
            raise UpstreamError("away")
        return tokens.public_jwks(self.keys)

    def mint(self, key=None, **claims):
        """Sign with a private key, by default the first that is published."""
        claims = {"expires_in": 10**9, **CLAIMS, **claims}
        return tokens.mint_with_key(key or self.keys["keys"][0], **claims)


def hs256(secret=SECRET, headers=None, **claims):
    """A token signed with a shared secret, with exactly these claims."""
    return jwt.encode({**CLAIMS, **claims}, secret, "HS256", headers)


def handmade(header, claims, sign=lambda _: b""):
    """A token that no library would make."""
    parts = [encoded(json.dumps(part).encode()) for part in (header, claims)]
    text = b".".join(parts)
    return (text + b"." + encoded(sign(text))).decode()


def signed(text, digest=hashlib.sha256):
    """The secret's signature."""
    return hmac.digest(SECRET.encode(), text, digest)


def encoded(data):
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
