"""The public keys that a project publishes (JWKS), fetched when needed, by one caller at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jwt

from optimizer.errors import UpstreamError

FetchKeys = Callable[[], Awaitable[Any]]

ALGORITHMS = frozenset({"ES256", "RS256"})
REFRESH_AFTER = 30.0  # s between fetches, however many unknown keys are named
RETRY_AFTER = 1.0  # s between fetches that fail
KEYS_LIVE = 600.0  # s after which the set is asked for again: a key may have been withdrawn


class PublishedKeys:
    """Holds the key set; callers that need it at the same time wait for one fetch."""

    def __init__(self, fetch: FetchKeys, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._failed_at = float("-inf")
        self._failure: UpstreamError | None = None
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of this id, None where the project publishes none.

        Raises UpstreamError where that is not known, because the set cannot be fetched. A key that
        is held stays in use while a fetch fails.
        """
        if self._is_due(kid):
            async with self._fetching:
                if self._is_due(kid):  # another caller may have fetched it meanwhile
                    await self._refresh()
        if kid not in self._keys and self._failure is not None:
            raise UpstreamError(
                f"the project's keys (SUPABASE_JWKS_URL) cannot be had: {self._failure}"
            ) from self._failure
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        now = self._clock()
        after = KEYS_LIVE if kid in self._keys else REFRESH_AFTER
        return now - self._fetched_at > after and now - self._failed_at > RETRY_AFTER

    async def _refresh(self) -> None:
        try:
            self._keys = _key_set(await self._fetch())
        except UpstreamError as error:
            self._failure, self._failed_at = error, self._clock()
        else:
            self._failure, self._fetched_at = None, self._clock()


def _key_set(document: Any) -> dict[str, jwt.PyJWK]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise UpstreamError("what was fetched is not a JSON Web Key Set")
    found = ((key, _usable(key)) for key in keys if isinstance(key, dict))
    return {str(key.get("kid", "")): usable for key, usable in found if usable is not None}


def _usable(key: dict[str, Any]) -> jwt.PyJWK | None:
    """Read a key; one of a kind that is not accepted here is no fault: others may use it."""
    try:
        read = jwt.PyJWK.from_dict(key)
    except jwt.PyJWTError:
        return None
    return read if read.algorithm_name in ALGORITHMS else None
