"""Genuine supabase-py clients whose requests enter the engine, and the engine's own questions."""

from collections.abc import Callable
from typing import Any

import httpx
from supabase import AsyncClient, Client

from optimizer.config import Config, base_path, require
from optimizer.domain.answer import Answer
from optimizer.door import Door
from optimizer.errors import ConfigurationError
from optimizer.schemata import FetchRoot
from optimizer.upstream.client import TIMEOUT, BorrowedTransport, make_client, make_sync_client
from optimizer.upstream.clients import Identity
from optimizer.upstream.exchange import ask, json_of
from optimizer.upstream.handover import HandOver, Run
from optimizer.upstream.keys import FetchKeys
from optimizer.upstream.transport import SharedTransport
from optimizer.upstream.trip import COUNTED

MakeDoor = Callable[[str, str | None], Door]  # base path, trusted user → the door


class Clients:
    """Makes clients, each for one identity; `run` is how threads have work done in this loop."""

    def __init__(self, config: Config, door: MakeDoor, run: Run) -> None:
        self._config = config
        self._make_door = door
        self._run = run

    def make(self, identity: Identity) -> AsyncClient:
        """A client for coroutines; raises ConfigurationError."""
        key, door = self._door(identity)
        url = self._config.supabase_url
        return make_client(url, key, door, identity.bearer, identity.name)

    def make_sync(self, identity: Identity) -> Client:
        """A client for threads; raises ConfigurationError."""
        key, door = self._door(identity)
        handed_over = HandOver(BorrowedTransport(door, identity.name), self._run)
        return make_sync_client(self._config.supabase_url, key, handed_over, identity.bearer)

    def _door(self, identity: Identity) -> tuple[str, Door]:
        """The key and the door of whoever this is; raises ConfigurationError."""
        config = self._config
        require(SUPABASE_URL=config.supabase_url, SUPABASE_ANON_KEY=config.anon_key)
        trusted = None if identity.bearer else identity.user_id
        if trusted is not None and not config.service_role_key:
            raise ConfigurationError(
                "a call with a user id and no token needs SUPABASE_SERVICE_ROLE_KEY"
            )
        key = config.service_role_key if trusted is not None else config.anon_key
        return key, self._make_door(base_path(config.supabase_url), trusted)


class OwnQuestions:
    """What the engine itself asks of the project: its published keys, and its root document."""

    def __init__(self, config: Config, transport: Callable[[], SharedTransport]) -> None:
        self._config = config
        self._transport = transport

    @property
    def keys(self) -> FetchKeys | None:
        """Fetches the published keys, where it was said where those are."""
        return self._fetch_keys if self._config.jwks_url else None

    @property
    def root(self) -> FetchRoot | None:
        """Fetches PostgREST's root document, which the secret key alone is shown."""
        return self._fetch_root if self._config.service_role_key else None

    async def _fetch_keys(self) -> Any:
        return json_of(await self._ask(self._config.jwks_url, {}))

    async def _fetch_root(self, schema: str) -> Answer:
        key = self._config.service_role_key
        headers = {"apikey": key, "accept-profile": schema}
        if not key.startswith("sb_"):
            headers["authorization"] = f"Bearer {key}"
        url = f"{self._config.supabase_url.rstrip('/')}/rest/v1/"
        return await self._ask(url, headers, **{COUNTED: True})

    async def _ask(self, url: str, headers: dict[str, str], **more: Any) -> Answer:
        extensions = {"timeout": TIMEOUT.as_dict(), **more}
        request = httpx.Request("GET", url, headers=headers, extensions=extensions)
        return await ask(self._transport(), request)
